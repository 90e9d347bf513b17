import { parseArgs } from 'node:util';
import { ConfigError } from '../errors.ts';

/** What `npm run simulator` is asked for. */
export interface SimulatorArguments {
  /** A scenario file; the built-in web shop without one. */
  readonly scenario?: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** How many times as fast as real time the simulated clock runs. */
  readonly scale: number;
  /** Calls are not printed. */
  readonly quiet: boolean;
  readonly help: boolean;
}

export const USAGE = `npm run simulator -- [SCENARIO.yaml] [--port N] [--scale N] [--quiet]

  SCENARIO.yaml  the world to begin with; without it, a web shop with web:1 in service and web:2 to be released
  --port N       the port of the AWS endpoint on 127.0.0.1; 4566 by default, 0 takes any free one
  --scale N      how many times as fast as real time it runs; 1 by default
  --quiet        does not print the calls`;

/** @throws ConfigError when an argument is unknown or no number where there has to be one */
export function readSimulatorArguments(given: readonly string[]): SimulatorArguments {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(given);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError({ input: 'arguments', message: `${message}\n\n${USAGE}` }, { cause });
  }
  const { values, positionals } = parsed;
  const [scenario, ...more] = positionals;
  if (more.length > 0) {
    throw new ConfigError({ input: more.join(' '), message: 'one scenario is all that can be simulated' });
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigError({ input: '--port', message: `"${values.port}" is no port; it is 0 to 65535` });
  }
  const scale = Number(values.scale);
  if (!Number.isFinite(scale) || scale <= 0) {
    throw new ConfigError({ input: '--scale', message: `"${values.scale}" is no number above 0` });
  }
  return { port, scale, quiet: values.quiet, help: values.help, ...(scenario !== undefined && { scenario }) };
}

const parse = (given: readonly string[]) =>
  parseArgs({
    args: [...given],
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '4566' },
      scale: { type: 'string', default: '1' },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
