import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, it } from 'vitest';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { jobs } from './tasks-under-test.ts';
import { open, PROMPT } from './world-under-test.ts';

const logGroupName = '/app';
const logStreamName = 'one';
const place = { logGroupName, logStreamName };

/** A world with the stream `one` in the group `/app`. */
function withStream() {
  const aws = open(jobs());
  aws.send(new CreateLogGroupCommand({ logGroupName }));
  aws.send(new CreateLogStreamCommand(place));
  return {
    aws,
    /** Writes events, a second apart, and lets them become readable. */
    write(...messages: string[]) {
      const now = aws.clock.now();
      const logEvents = messages.map((message, i) => ({ timestamp: now + i, message }));
      for (let i = 0; i < logEvents.length; i += 5_000) {
        aws.send(new PutLogEventsCommand({ ...place, logEvents: logEvents.slice(i, i + 5_000) }));
      }
      aws.pass(2);
    },
    read(more: Partial<GetLogEventsCommandInput> = {}) {
      const answer = aws.send(new GetLogEventsCommand({ ...place, ...more }));
      return {
        said: (answer.events ?? []).map(({ message }) => message),
        next: answer.nextForwardToken,
        back: answer.nextBackwardToken,
      };
    },
  };
}

describe('CloudWatch Logs', () => {
  it('shows events a moment after they were taken in', () => {
    const { aws, read } = withStream();
    const logEvents = [{ timestamp: aws.clock.now(), message: 'hello' }];
    aws.send(new PutLogEventsCommand({ ...place, logEvents }));
    expect(read().said).toEqual([]);
    expect(aws.until(() => read().said.length === 1)).toBeLessThanOrEqual(2);
  });

  it('is read from the head by tokens, and gives the same one at the end', () => {
    const { write, read } = withStream();
    write('a', 'b', 'c');
    const first = read({ startFromHead: true, limit: 2 });
    expect(first.said).toEqual(['a', 'b']);
    const second = read({ nextToken: first.next, limit: 2 });
    expect(second.said).toEqual(['c']);
    expect(read({ nextToken: second.next })).toMatchObject({ said: [], next: second.next });
    write('d');
    expect(read({ nextToken: second.next }).said).toEqual(['d']);
  });

  it('is read from the end by default, and backwards by tokens', () => {
    const { write, read } = withStream();
    write('a', 'b', 'c');
    const newest = read({ limit: 2 });
    expect(newest.said).toEqual(['b', 'c']);
    const older = read({ limit: 2, nextToken: newest.back });
    expect(older.said).toEqual(['a']);
    expect(read({ nextToken: older.back })).toMatchObject({ said: [], back: older.back });
  });

  it('answers with a token for an empty stream that finds what comes later', () => {
    const { write, read } = withStream();
    const { next } = read({ startFromHead: true });
    write('a');
    expect(read({ nextToken: next, startFromHead: true }).said).toEqual(['a']);
  });

  it('cuts a page at 10,000 events and at 1 MB', () => {
    const many = withStream();
    many.write(...Array.from({ length: 10_001 }, (_, i) => `${i}`));
    expect(many.read({ startFromHead: true }).said).toHaveLength(10_000);
    const large = withStream();
    for (let i = 0; i < 5; i++) large.write('x'.repeat(250_000));
    expect(large.read({ startFromHead: true }).said).toHaveLength(4);
  });

  it('keeps events in the order of their times, whoever writes first', () => {
    const { aws, write, read } = withStream();
    write('second');
    const logEvents = [{ timestamp: aws.clock.now() - 60_000, message: 'first' }];
    aws.send(new PutLogEventsCommand({ ...place, logEvents }));
    aws.pass(2);
    expect(read().said).toEqual(['first', 'second']);
    const startTime = aws.clock.now() - 30_000;
    expect(read({ startTime }).said).toEqual(['second']);
    expect(read({ endTime: startTime }).said).toEqual(['first']);
  });

  it('finds events of several streams by words', () => {
    const { aws, write } = withStream();
    aws.send(new CreateLogStreamCommand({ ...place, logStreamName: 'two' }));
    write('ERROR one', 'all is well', 'ERROR "two" again');
    const found = (filterPattern: string) =>
      aws
        .send(new FilterLogEventsCommand({ logGroupName, filterPattern }))
        .events?.map(({ message }) => message);
    expect(found('ERROR')).toEqual(['ERROR one', 'ERROR "two" again']);
    expect(found('ERROR -again')).toEqual(['ERROR one']);
    expect(found('"is well"')).toEqual(['all is well']);
    expect(found('?one ?well')).toEqual(['ERROR one', 'all is well']);
    // "If you combine ? with other filter patterns, all question mark terms will be ignored."
    expect(found('?one ?well ERROR')).toEqual(['ERROR one', 'ERROR "two" again']);
    expect(found('%^ERROR .*(one|again)$%')).toEqual(['ERROR one', 'ERROR "two" again']);
    const filterPattern = 'level=ERROR';
    expect(aws.refusal(new FilterLogEventsCommand({ logGroupName, filterPattern }))).toBe(
      "InvalidParameterException: Invalid character(s) in term 'level=ERROR'",
    );
  });

  it('finds events by what is in their JSON', () => {
    const { aws, write } = withStream();
    const events = [
      { level: 'error', status: 502, user: { id: 7 }, tags: ['a', 'b'] },
      { level: 'info', status: 200, slow: true, path: '/health' },
      { level: 'fatal', status: null },
    ];
    write('error 502', ...events.map((event) => JSON.stringify(event)));
    const found = (filterPattern: string) =>
      aws
        .send(new FilterLogEventsCommand({ logGroupName, filterPattern }))
        .events?.map(({ message = '' }) => (JSON.parse(message) as { level: string }).level);
    expect(found('{ $.level = "error" }')).toEqual(['error']);
    expect(found('{ $.level = error || $.level = "fatal" }')).toEqual(['error', 'fatal']);
    expect(found('{ $.status >= 500 && $.user.id = 7 }')).toEqual(['error']);
    expect(found('{ ($.status = 200 || $.status = 502) && $.path != "/heal*" }')).toEqual([]);
    expect(found('{ $.path NOT EXISTS }')).toEqual(['error', 'fatal']);
    expect(found('{ $.slow IS TRUE }')).toEqual(['info']);
    expect(found('{ $.status IS NULL }')).toEqual(['fatal']);
    expect(found('{ $.tags[1] = "b" }')).toEqual(['error']);
    expect(found('{ $.level = %^(error|fatal)$% }')).toEqual(['error', 'fatal']);
    for (const filterPattern of [
      '{ $.level }',
      '{ level = "error" }',
      '{ $.level = "error"',
      '{ $.a = 1 && }',
    ]) {
      expect(aws.refusal(new FilterLogEventsCommand({ logGroupName, filterPattern }))).toBe(
        'InvalidParameterException: Invalid filter pattern',
      );
    }
  });

  it('holds what the containers of a service write', () => {
    const logs = [
      { line: 'started', after: 0 },
      { line: 'tick', after: 60_000, every: 60_000 },
    ];
    const shop = webShop({ tasks: 1, behaviours: { 'app:v1': { logs } } });
    const definitions = JSON.stringify(shop.taskDefinitions).replaceAll('us-east-1', 'eu-west-1');
    const aws = open({ ...shop, ...PROMPT, taskDefinitions: JSON.parse(definitions) });
    const stream = { logGroupName: '/ecs/web', filterPattern: 'tick', startTime: aws.clock.now() + 1 };
    aws.pass(185);
    const events = aws.send(new FilterLogEventsCommand(stream)).events ?? [];
    expect(events.map(({ message }) => message)).toEqual(['tick', 'tick', 'tick']);
    expect(events[0]?.logStreamName).toMatch(/^web\/web\/[0-9a-f]{32}$/);
  });

  it('describes groups and streams', () => {
    const { aws, write } = withStream();
    write('a');
    const groups = aws.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/app' })).logGroups;
    expect(groups).toMatchObject([
      { logGroupName, logGroupArn: 'arn:aws:logs:eu-west-1:123456789012:log-group:/app' },
    ]);
    const { logStreams } = aws.send(new DescribeLogStreamsCommand({ logGroupName }));
    expect(logStreams).toMatchObject([{ logStreamName: 'one', lastEventTimestamp: expect.any(Number) }]);
  });

  it('refuses what is not there, and what is there already, in AWS’s words', () => {
    const { aws } = withStream();
    expect(aws.refusal(new GetLogEventsCommand({ logGroupName: 'x', logStreamName }))).toBe(
      'ResourceNotFoundException: The specified log group does not exist.',
    );
    expect(aws.refusal(new GetLogEventsCommand({ logGroupName, logStreamName: 'x' }))).toBe(
      'ResourceNotFoundException: The specified log stream does not exist.',
    );
    expect(aws.refusal(new GetLogEventsCommand({ ...place, nextToken: 'x' }))).toMatch(
      /nextToken is invalid/,
    );
    expect(aws.refusal(new CreateLogGroupCommand({ logGroupName }))).toBe(
      'ResourceAlreadyExistsException: The specified log group already exists',
    );
    const backwards = [
      { timestamp: 2, message: 'b' },
      { timestamp: 1, message: 'a' },
    ];
    expect(aws.refusal(new PutLogEventsCommand({ ...place, logEvents: backwards }))).toMatch(
      /chronological order/,
    );
    aws.send(new DeleteLogGroupCommand({ logGroupName }));
    expect(aws.refusal(new DescribeLogStreamsCommand({ logGroupName }))).toMatch(/does not exist/);
  });
});
