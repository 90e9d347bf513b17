import { ConfigError } from '../../errors.ts';
import type { JsonObject } from '../../taskdef/definition.ts';
import type { InputReader } from '../input-reader.ts';

/** The fields of the task itself that are given. */
export function readTaskFields(reader: InputReader): JsonObject {
  const read = (input: string, parse: (text: string) => JsonObject): JsonObject =>
    reader.parse(input, parse, {});
  return {
    ...read('family', (text) => ({ family: matching(text, 'family', FAMILY, FAMILY_RULE) })),
    ...read('cpu', (text) => ({ cpu: matching(text, 'cpu', CPU, CPU_RULE) })),
    ...read('memory', (text) => ({ memory: matching(text, 'memory', MEMORY, MEMORY_RULE) })),
    ...read('task-role-arn', (text) => ({ taskRoleArn: role(text, 'task-role-arn') })),
    ...read('execution-role-arn', (text) => ({ executionRoleArn: role(text, 'execution-role-arn') })),
    ...read('ephemeral-storage', (text) => ({ ephemeralStorage: storage(text, 'ephemeral-storage') })),
    ...read('runtime-platform', (text) => ({ runtimePlatform: platform(text, 'runtime-platform') })),
  };
}

const FAMILY = /^[\w-]{1,255}$/;
const FAMILY_RULE = 'is not a family; ECS takes up to 255 letters, digits, hyphens and underscores';
const CPU = /^(\d+|(\d+(\.\d+)?|\.\d+) ?vCPU)$/i;
const CPU_RULE = 'is not an amount of CPU; write units such as 256, or .25 vCPU';
const MEMORY = /^(\d+|(\d+(\.\d+)?|\.\d+) ?GB)$/i;
const MEMORY_RULE = 'is not an amount of memory; write MiB such as 512, or 0.5 GB';

function matching(text: string, input: string, pattern: RegExp, rule: string): string {
  if (pattern.test(text)) return text;
  throw new ConfigError({ input, message: `"${text}" ${rule}` });
}

/** By ARN in any partition, or by name, which ECS looks up in the account of the task; a path stands before a name. */
const role = (text: string, input: string): string =>
  matching(
    text,
    input,
    /^(arn:[a-z][a-z0-9-]*:iam::\d{12}:role\/[\w+=,.@/-]+|[\w+=,.@-][\w+=,.@/-]*)$/,
    'is not a role; give its name, or its ARN such as arn:aws:iam::ACCOUNT:role/NAME',
  );

/** GiB of Fargate: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html */
function storage(text: string, input: string): JsonObject {
  const [, amount] = /^(\d+)\s*(?:Gi?B?)?$/i.exec(text) ?? [];
  const sizeInGiB = Number(amount);
  if (amount !== undefined && sizeInGiB >= 21 && sizeInGiB <= 200) return { sizeInGiB };
  throw new ConfigError({ input, message: `"${text}" is not a size; Fargate takes 21 to 200 GiB, write 50` });
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  X86_64: 'X86_64',
  AMD64: 'X86_64',
  ARM64: 'ARM64',
  AARCH64: 'ARM64',
};

/** `LINUX/ARM64`, or as Docker writes it, `linux/amd64`. */
function platform(text: string, input: string): JsonObject {
  const [, system, architecture = ''] = /^(LINUX|WINDOWS_SERVER_\w+)\/(\w+)$/.exec(text.toUpperCase()) ?? [];
  const cpuArchitecture = ARCHITECTURES[architecture];
  if (system !== undefined && cpuArchitecture !== undefined) {
    return { operatingSystemFamily: system, cpuArchitecture };
  }
  const forms = 'LINUX/X86_64, LINUX/ARM64, or a Windows such as WINDOWS_SERVER_2022_CORE/X86_64';
  throw new ConfigError({ input, message: `"${text}" is not a platform; write ${forms}` });
}
