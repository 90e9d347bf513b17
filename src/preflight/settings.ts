import { ConfigError, type Problem } from '../errors.ts';
import { listLines } from '../rollout/list-lines.ts';
import { suggestion } from '../smoke-test/suggestion.ts';
import { CHECKS, type CheckName } from './checks.ts';

/**
 * What is made of a check's findings: `fail` lets no warning pass, `warn` lets failures pass as warnings, `off` does
 * not look. Without a setting each finding counts as the check says.
 */
export type Setting = 'fail' | 'warn' | 'off';

const SETTINGS: readonly Setting[] = ['fail', 'warn', 'off'];

/** May the role of the job do what canary does: a service that nobody deploys to from here need not be let. */
export const DEFAULTS: ReadonlyMap<CheckName, Setting> = new Map([['permissions', 'warn']]);

/**
 * Reads lines `NAME: fail | warn | off`.
 *
 * @throws ConfigError with every line that is wrong, and the name that was probably meant
 */
export function readSettings(text: string): ReadonlyMap<CheckName, Setting> {
  const settings = new Map<CheckName, Setting>();
  const problems: Problem[] = [];
  for (const [number, line] of listLines(text)) {
    const complain = (message: string) => problems.push({ input: `checks line ${number}`, message });
    const [, name, value] = /^([^:\s]+)\s*:\s*(\S+)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      complain(`"${line}" is not NAME: fail, NAME: warn or NAME: off, such as alarms: warn`);
      continue;
    }
    const check = CHECKS.find((each) => each === name);
    const setting = SETTINGS.find((each) => each === value);
    if (check === undefined) complain(`there is no check "${name}"; ${hint(name, CHECKS)}`);
    if (setting === undefined) complain(`"${value}" is not a setting; ${hint(value, SETTINGS)}`);
    if (check !== undefined && settings.has(check)) complain(`${check} has a line already; keep one of them`);
    if (check !== undefined && setting !== undefined) settings.set(check, setting);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return new Map([...DEFAULTS, ...settings]);
}

function hint(word: string, known: readonly string[]): string {
  const meant = suggestion(word, known);
  return meant === undefined ? `there are ${known.join(', ')}` : `did you mean ${meant}?`;
}
