import { ConfigError, type Problem } from '../../errors.ts';
import { isList, isObject, type PortMapping } from '../../taskdef/definition.ts';
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
  if (/^\s*(\[|-\s)/.test(text)) return fromList(text, input);
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
  if (problems.length > 0) throw new ConfigError(problems);
  return ports;
}

async function fromList(text: string, input: string): Promise<readonly PortMapping[]> {
  const yaml = await readYaml(text);
  if (!('value' in yaml)) {
    throw new ConfigError({ input: `${input} line ${yaml.line}`, message: `is not YAML: ${yaml.message}` });
  }
  const { value } = yaml;
  const items = isList(value) ? value : [];
  const wrong = items.findIndex(
    (item) =>
      !isObject(item) ||
      (typeof item['containerPort'] !== 'number' && typeof item['containerPortRange'] !== 'string'),
  );
  if (!isList(value) || wrong >= 0) {
    const which = wrong >= 0 ? `entry ${wrong + 1} of the list` : 'it';
    throw new ConfigError({
      input,
      message: `${which} is not a port mapping such as { containerPort: 8080, name: web }; or write ${FORM}`,
    });
  }
  return items.filter(isObject).map((item) => ({ protocol: 'tcp', ...item }));
}
