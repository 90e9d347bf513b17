import * as ecs from '@aws-sdk/client-ecs';
import { NormalizedSchema } from '@smithy/core/schema';

/**
 * The values of the members that the schema calls texts, as the SDK's constants have them. Names of members without an
 * owner hold wherever they stand.
 */
const VALUES: Readonly<Record<string, object>> = {
  networkMode: ecs.NetworkMode,
  pidMode: ecs.PidMode,
  ipcMode: ecs.IpcMode,
  requiresCompatibilities: ecs.Compatibility,
  'RuntimePlatform.cpuArchitecture': ecs.CPUArchitecture,
  'RuntimePlatform.operatingSystemFamily': ecs.OSFamily,
  'PortMapping.protocol': ecs.TransportProtocol,
  'PortMapping.appProtocol': ecs.ApplicationProtocol,
  'EnvironmentFile.type': ecs.EnvironmentFileType,
  'ContainerDependency.condition': ecs.ContainerCondition,
  versionConsistency: ecs.VersionConsistency,
  'Ulimit.name': ecs.UlimitName,
  'LogConfiguration.logDriver': ecs.LogDriver,
  'ResourceRequirement.type': ecs.ResourceType,
  'FirelensConfiguration.type': ecs.FirelensConfigurationType,
  'Device.permissions': ecs.DeviceCgroupPermission,
  'DockerVolumeConfiguration.scope': ecs.Scope,
  'EFSVolumeConfiguration.transitEncryption': ecs.EFSTransitEncryption,
  'EFSAuthorizationConfig.iam': ecs.EFSAuthorizationConfigIAM,
  'TaskDefinitionPlacementConstraint.type': ecs.TaskDefinitionPlacementConstraintType,
  'ProxyConfiguration.type': ecs.ProxyConfigurationType,
};

type Written = string | readonly Written[] | { readonly [key: string]: Written };

/** The module src/taskdef/fields.ts, from the SDK's own schema of RegisterTaskDefinition. */
export function taskDefinitionFields(): string {
  const used = new Set<string>();
  const [, , , , input] = ecs.RegisterTaskDefinition$;
  const table = written(NormalizedSchema.of(input), [], used);
  const unused = Object.keys(VALUES).filter((key) => !used.has(key));
  if (unused.length > 0) throw new Error(`no such members in the SDK's schema: ${unused.join(', ')}`);
  return `// Written by \`npm run docs\` from the schema of RegisterTaskDefinition in @aws-sdk/client-ecs.
import type { Fields } from './field-types.ts';

// biome-ignore format: a table, not a text
export const TASK_DEFINITION: Fields = ${source(table)};
`;
}

function written(schema: NormalizedSchema, names: readonly string[], used: Set<string>): Written {
  if (schema.isStructSchema()) {
    const shape: unknown = schema.getSchema();
    const required: unknown = Array.isArray(shape) ? shape[6] : 0;
    return Object.fromEntries(
      [...schema.structIterator()].map(([name, member], index) => [
        index < Number(required ?? 0) ? `${name}!` : name,
        written(member, [`${schema.getName()}.${name}`, name], used),
      ]),
    );
  }
  if (schema.isListSchema()) return [written(schema.getValueSchema(), names, used)];
  if (schema.isMapSchema()) return { '*': written(schema.getValueSchema(), [], used) };
  if (schema.isBooleanSchema()) return 'boolean';
  if (schema.isNumericSchema()) return 'number';
  if (!schema.isStringSchema()) throw new Error(`${names[0]} is of a kind that the table does not have`);
  const name = names.find((candidate) => Object.hasOwn(VALUES, candidate));
  if (name === undefined) return 'text';
  used.add(name);
  return `=${Object.values(VALUES[name] ?? {}).join(' ')}`;
}

/** As TypeScript, a line per field of the definition and of its containers. */
function source(value: Written, depth = 0): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map((item) => source(item, depth)).join(', ')}]`;
  const members = Object.entries(value).map(
    ([key, member]) => `${/^\w+$/.test(key) ? key : `'${key}'`}: ${source(member, depth + 1)}`,
  );
  if (depth > 1) return `{ ${members.join(', ')} }`;
  const indent = '  '.repeat(depth + 1);
  return `{\n${members.map((member) => `${indent}${member},\n`).join('')}${'  '.repeat(depth)}}`;
}
