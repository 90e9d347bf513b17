import { ConfigError, type Problem } from '../../errors.ts';
import { isList, isObject, type Json, type PortMapping } from '../../taskdef/definition.ts';
import { kindOf } from '../../taskdef/shape.ts';
import { readYaml } from '../../taskdef/yaml-document.ts';

const FORM = '8080, 80:8080 (host:container), 53/udp, 8000-8010 or web=8080';
const LINE = /^(?:([a-z0-9_][a-z0-9_-]{0,63})=)?(?:(\d+):)?(\d+)(?:-(\d+))?(?:\/(tcp|udp))?$/i;

/**
 * Reads ports, a line or a word each: the container's port, with the host's before it, a protocol after it and the name
 * that Service Connect needs in front. A YAML or JSON list of ECS's own port mappings serves as well.
 *
 * @throws ConfigError naming every entry that is wrong
 */
export async function parsePorts(text: string, input: string): Promise<readonly PortMapping[]> {
  const { ports, problems } = /^\s*(\[|-\s)/.test(text)
    ? await fromList(text, input)
    : fromWords(text, input);
  const named = new Set<string>();
  const repeated = ports.flatMap((port): Problem[] => {
    const { containerPort, containerPortRange, hostPort, protocol } = port;
    const host = hostPort === undefined ? '' : `${hostPort}:`;
    const key = `${host}${containerPort ?? containerPortRange}/${protocol}`;
    if (named.has(key)) return [{ input, message: `${key} is given twice; keep one of them` }];
    named.add(key);
    return [];
  });
  if (problems.length + repeated.length > 0) throw new ConfigError([...problems, ...repeated]);
  return ports;
}

interface Read {
  readonly ports: readonly PortMapping[];
  readonly problems: readonly Problem[];
}

function fromWords(text: string, input: string): Read {
  const problems: Problem[] = [];
  const ports = text.split(/[\s,]+/).flatMap((entry): PortMapping[] => {
    if (entry === '') return [];
    const [, name, host, first, last, protocol] = LINE.exec(entry) ?? [];
    const numbers = [host, first, last].flatMap((port) => (port === undefined ? [] : [Number(port)]));
    const wrong = (message: string): [] => {
      problems.push({ input, message: `"${entry}" ${message}` });
      return [];
    };
    if (first === undefined) return wrong(`is not a port; write ${FORM}`);
    if (numbers.some((port) => port > 65_535) || Number(first) < 1) return wrong('is not from 1 to 65535');
    if (last !== undefined && (host !== undefined || Number(last) <= Number(first))) {
      return wrong('is not a range; write it as 8000-8010, without a port of the host');
    }
    return [
      {
        ...(last === undefined
          ? { containerPort: Number(first) }
          : { containerPortRange: `${first}-${last}` }),
        ...(host !== undefined && { hostPort: Number(host) }),
        protocol: (protocol ?? 'tcp').toLowerCase(),
        ...(name !== undefined && { name }),
      },
    ];
  });
  return { ports, problems };
}

async function fromList(text: string, input: string): Promise<Read> {
  const yaml = await readYaml(text);
  if (!('value' in yaml)) {
    const place = `${input} line ${yaml.line}`;
    return { ports: [], problems: [{ input: place, message: `is not YAML: ${yaml.message}` }] };
  }
  const items = isList(yaml.value) ? yaml.value : [yaml.value];
  const problems = items.flatMap((item, index): Problem[] => {
    const wrong = faultOf(item);
    return wrong ? [{ input, message: `entry ${index + 1} of the list ${wrong}` }] : [];
  });
  return { ports: items.filter(isObject).map((item) => ({ protocol: 'tcp', ...item })), problems };
}

/** What keeps an item from being compared with others; all else is judged in the definition. */
function faultOf(item: Json): string | undefined {
  if (!isObject(item)) return `is ${kindOf(item)}; ${MAPPING}`;
  for (const [field, type] of Object.entries({
    containerPort: 'number',
    hostPort: 'number',
    containerPortRange: 'string',
    protocol: 'string',
  })) {
    const value = item[field] ?? null;
    if (value === null || typeof value === type) continue;
    const digits = typeof value === 'string' && /^\d{1,5}$/.test(value);
    const fix = digits
      ? `write ${value} without quotes`
      : type === 'number'
        ? 'ECS takes a number here'
        : 'write it in quotes';
    return `has ${kindOf(value)} as ${field}; ${fix}`;
  }
  const named = item['containerPort'] ?? item['containerPortRange'] ?? null;
  return named === null ? `has neither containerPort nor containerPortRange; ${MAPPING}` : undefined;
}

const MAPPING = `write a port mapping such as { containerPort: 8080, name: web }, or instead of the list ${FORM}`;
