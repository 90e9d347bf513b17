import {
  GetParameterHistoryCommand,
  type GetParameterHistoryCommandOutput,
  GetParametersCommand,
  type GetParametersCommandOutput,
  PutParameterCommand,
  type PutParameterCommandOutput,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { DeployError } from '../errors.ts';
import type { ParameterFacts, Parameters, ParameterVersion } from '../ports.ts';
import { byRegion, inBatches, toldApart } from './batches.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** For as long as that, others may be writing the same parameter, in ms. */
const UPDATES_PATIENCE_MS = 30_000;
const PAUSE_MS = 300;
/** Throttling and outages, in ms: who waits for a lock looks at it again anyway. */
const PATIENCE_MS = 60_000;
const PAGE = 50;
/** GetParameters takes this many names a call. */
const NAMES_AT_ONCE = 10;

/**
 * Parameters of Systems Manager. Permissions: ssm:GetParameterHistory, ssm:PutParameter, ssm:GetParameters; each only for its method.
 *
 * @param patienceMs how long throttling and outages are sat out
 */
export function parameters(
  connection: Connection,
  { patienceMs = PATIENCE_MS }: { readonly patienceMs?: number } = {},
): Parameters {
  const client = new SSMClient(clientSettings(connection, { patienceMs }));
  const { clock } = connection;

  async function put(name: string, value: string): Promise<PutParameterCommandOutput> {
    const command = new PutParameterCommand({
      Name: name,
      Value: value,
      Type: 'String',
      Tier: 'Standard',
      Overwrite: true,
    });
    const limit = clock.now() + UPDATES_PATIENCE_MS;
    for (;;) {
      try {
        return await call<PutParameterCommandOutput>(connection, 'ssm', client, command);
      } catch (error) {
        // One update of a parameter at a time, and no throttling in the SDK's eyes.
        if (errorName(error) !== 'TooManyUpdates' || clock.now() > limit) throw explained(error, name);
        await clock.sleep(PAUSE_MS * (1 + Math.random()), connection.signal);
        connection.signal?.throwIfAborted();
      }
    }
  }

  return {
    async history(name) {
      const versions: ParameterVersion[] = [];
      let NextToken: string | undefined;
      do {
        const command = new GetParameterHistoryCommand({
          Name: name,
          MaxResults: PAGE,
          ...(NextToken !== undefined && { NextToken }),
        });
        let page: GetParameterHistoryCommandOutput;
        try {
          page = await call<GetParameterHistoryCommandOutput>(connection, 'ssm', client, command);
        } catch (error) {
          if (errorName(error) === 'ParameterNotFound') return [];
          throw error;
        }
        for (const { Version: version, Value: value, LastModifiedDate: at } of page.Parameters ?? []) {
          if (version === undefined || !at)
            throw new Error(`Systems Manager gave a version of ${name} without its number or time`);
          versions.push({ version, value: value ?? '', at: at.getTime() });
        }
        NextToken = page.NextToken;
      } while (NextToken);
      return versions.sort((a, b) => a.version - b.version);
    },

    async append(name, value) {
      const { Version: version } = await put(name, value);
      if (version === undefined) throw new Error(`Systems Manager gave no version for ${name}`);
      return version;
    },

    async facts(names) {
      const facts = new Map<string, ParameterFacts | DeployError>();
      const regions = [...byRegion(names)].map(async ([region, asked]) => {
        const settings = { ...clientSettings(connection, { patienceMs }), ...(region && { region }) };
        const regional = region === '' ? client : new SSMClient(settings);
        // Without decryption: the value is not looked at, and its key may be closed to who asks.
        const look = (Names: readonly string[]) =>
          call<GetParametersCommandOutput>(
            connection,
            'ssm',
            regional,
            new GetParametersCommand({ Names: [...Names] }),
          );
        const answers = await inBatches(asked, NAMES_AT_ONCE, (batch) => toldApart(batch, look, unreadable));
        for (const [batch, answer] of answers.flat()) {
          if (answer instanceof DeployError) for (const name of batch) facts.set(name, answer);
          else for (const [name, found] of factsOf(batch, answer)) facts.set(name, found);
        }
      });
      await Promise.all(regions);
      return facts;
    },
  };
}

/** AWS answers with a parameter's name, by whatever it was asked for. */
const factsOf = (asked: readonly string[], { Parameters = [] }: GetParametersCommandOutput) =>
  Parameters.flatMap(({ Name, ARN: arn = '', Type, LastModifiedDate, Selector = '' }) => {
    const found = { arn, secure: Type === 'SecureString', changedAt: LastModifiedDate?.getTime() };
    return asked
      .filter((name) => [Name, arn].some((its) => name === its || name === `${its}${Selector}`))
      .map((name): [string, ParameterFacts] => [name, found]);
  });

const unreadable = (name: string, cause: Error): DeployError =>
  new DeployError(`Systems Manager does not read the parameter ${name}: ${cause.message || cause.name}`, {
    next: 'Correct the name of the parameter.',
    cause,
  });

/** What no retry can mend, with the way out. */
function explained(error: unknown, name: string): unknown {
  const fix = FIXES[errorName(error)];
  const text = error instanceof Error ? error.message : String(error);
  const downgrade = /advanced-parameter tier to the standard/.test(text);
  const next = downgrade ? `Delete the parameter ${name}: it is made anew in the standard tier.` : fix;
  if (next === undefined) return error;
  return new DeployError(`Systems Manager did not write ${name}: ${text || errorName(error)}`, {
    state: 'The parameter is as it was.',
    next,
    cause: error,
  });
}

const FIXES: Readonly<Record<string, string>> = {
  TooManyUpdates:
    'Something else writes this parameter all the time: find out what, then run this step again.',
  ParameterLimitExceeded:
    'The account has as many parameters as it may: delete some, or ask AWS for a higher quota of Systems Manager.',
  ParameterMaxVersionLimitExceeded:
    'The oldest version carries a label, so AWS cannot let go of it: take the label away (aws ssm unlabel-parameter-version).',
  HierarchyTypeMismatchException:
    'The parameter is there with another type: delete it, or take another name for the lock.',
};
