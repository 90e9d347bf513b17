import {
  CreateLogStreamCommand,
  type LiveTailSessionLogEvent,
  PutLogEventsCommand,
  StartLiveTailCommand,
  type StartLiveTailCommandInput,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, describe, expect, it } from 'vitest';
import { failureOf } from './failure-of.ts';
import { GROUP, jobs, startJobs } from './tasks-under-test.ts';

type Jobs = Awaited<ReturnType<typeof startJobs>>;

const open: Jobs[] = [];
const start = async (...args: Parameters<typeof startJobs>): Promise<Jobs> => {
  const started = await startJobs(...args);
  open.push(started);
  return started;
};
afterEach(async () => {
  for (const each of open.splice(0)) {
    await each.close();
    expect(each.simulator.bugs).toEqual([]);
  }
});

const ARN = `arn:aws:logs:eu-west-1:123456789012:log-group:${GROUP}`;

async function* tail(aws: Jobs, more: Partial<StartLiveTailCommandInput> = {}) {
  const command = new StartLiveTailCommand({ logGroupIdentifiers: [ARN], ...more });
  const { responseStream } = await aws.logs.send(command);
  if (!responseStream) throw new Error('there is no stream');
  yield* responseStream;
}

describe('StartLiveTail', () => {
  it('begins with the session, and brings events about once a second as they are taken in', async () => {
    const aws = await start(jobs(), 60);
    const run = aws.run('echo one; echo two');
    const seen: LiveTailSessionLogEvent[] = [];
    let first = true;
    for await (const event of tail(aws, { logStreamNamePrefixes: ['run/job/'] })) {
      if (first) {
        expect(event.sessionStart).toMatchObject({
          logGroupIdentifiers: [ARN],
          logStreamNamePrefixes: ['run/job/'],
        });
      } else expect(event.sessionUpdate?.sessionMetadata).toEqual({ sampled: false });
      first = false;
      seen.push(...(event.sessionUpdate?.sessionResults ?? []));
      if (seen.length === 2) break;
    }
    expect(seen).toMatchObject([
      { message: 'one', logGroupIdentifier: `123456789012:${GROUP}` },
      { message: 'two', logStreamName: `run/job/${(await run).split('/').at(-1)}` },
    ]);
    expect(seen[0]?.ingestionTime).toBeGreaterThanOrEqual(seen[0]?.timestamp ?? Infinity);
  });

  it('leaves events out, and says so, when more than 500 come at once', async () => {
    const aws = await start(jobs(), 60);
    const arn = await aws.run('seq 1 1200');
    const updates = [];
    for await (const { sessionUpdate } of tail(aws)) {
      if (!sessionUpdate?.sessionResults?.length) continue;
      updates.push(sessionUpdate);
      break;
    }
    expect(updates[0]?.sessionMetadata?.sampled).toBe(true);
    expect(updates[0]?.sessionResults).toHaveLength(500);
    const order = updates[0]?.sessionResults?.map(({ message }) => Number(message)) ?? [];
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(await aws.lines(arn)).toHaveLength(1200);
  });

  it('shows only the streams and the words that were asked for', async () => {
    const aws = await start(jobs(), 60);
    const arn = await aws.run('echo first; sleep 0.1; echo ERROR one; echo fine; sleep 60');
    const stream = `run/job/${arn.split('/').at(-1)}`;
    await aws.when(arn, ({ lastStatus }) => lastStatus === 'RUNNING');
    const seen: string[] = [];
    for await (const { sessionUpdate } of tail(aws, {
      logStreamNames: [stream],
      logEventFilterPattern: 'ERROR',
    })) {
      seen.push(...(sessionUpdate?.sessionResults ?? []).map(({ message }) => message ?? ''));
      if (seen.length > 0) break;
    }
    expect(seen).toEqual(['ERROR one']);
  });

  it('times out after three hours', async () => {
    const aws = await start(jobs(), 1_000_000);
    const drain = async () => {
      for await (const _ of tail(aws));
    };
    expect(await failureOf(drain())).toMatchObject({ name: 'SessionTimeoutException' });
  });

  it('breaks off in the middle when a fault says so', async () => {
    const aws = await start(jobs());
    aws.simulator.faults.add({ kind: 'cut', operation: 'StartLiveTail', pieces: 4 });
    let seen = 0;
    const drain = async () => {
      for await (const _ of tail(aws)) seen += 1;
    };
    await failureOf(drain());
    expect(seen).toBe(3);
  });

  it('refuses what AWS refuses', async () => {
    const aws = await start(jobs());
    const refusal = async (input: Partial<StartLiveTailCommandInput>) =>
      (await failureOf(tail(aws, input).next())).name;
    expect(await refusal({ logGroupIdentifiers: [`${ARN}-none`] })).toBe('ResourceNotFoundException');
    expect(await refusal({ logGroupIdentifiers: [GROUP] })).toBe('InvalidParameterException');
    expect(await refusal({ logStreamNames: ['none'] })).toBe('ResourceNotFoundException');
    expect(await refusal({ logStreamNames: ['a'], logStreamNamePrefixes: ['a'] })).toBe(
      'InvalidParameterException',
    );
    aws.simulator.faults.add({ kind: 'access-denied', operation: 'StartLiveTail' });
    expect((await failureOf(tail(aws).next())).message).toContain('logs:StartLiveTail');
  });

  it('goes on by itself, so that events written by others arrive', async () => {
    const aws = await start(jobs([], { logGroups: [GROUP], taskDefinitions: [] }), 60);
    const place = { logGroupName: GROUP, logStreamName: 'other' };
    await aws.logs.send(new CreateLogStreamCommand(place));
    const logEvents = [{ timestamp: aws.clock.now(), message: 'hello' }];
    let sent = false;
    for await (const { sessionUpdate } of tail(aws)) {
      if (sessionUpdate?.sessionResults?.[0]?.message === 'hello') return;
      if (!sent) await aws.logs.send(new PutLogEventsCommand({ ...place, logEvents }));
      sent = true;
    }
    throw new Error('the session ended without it');
  });
});
