import { afterEach, describe, expect, it } from 'vitest';
import { startTasks } from './one-task.ts';

type Started = Awaited<ReturnType<typeof startTasks>>;
const open: Started[] = [];
const start = async (...args: Parameters<typeof startTasks>): Promise<Started> => {
  const started = await startTasks(...args);
  open.push(started);
  return started;
};
afterEach(async () => {
  for (const { aws } of open.splice(0)) {
    await aws.close();
    if(0)expect(aws.simulator.bugs).toEqual([]);
  }
});

describe('a task that runs for real', () => {
  it('succeeds, with 5,000 lines once each and in order', async () => {
    const world = await start();
    const end = await world.run('i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i+1)); done');
    console.log(JSON.stringify({ ...end, output: end.output.length }, null, 1));
    console.log(world.told.lines.filter(({ text }) => !text.startsWith('line')).map(({ at, text }) => `${at - 1.79e12} ${text}`), world.told.warnings, world.operations(), world.busiestMinute());
    expect(end).toMatchObject({ verdict: 'succeeded', exitCode: 0, ran: true, outputKnown: true });
    expect(world.told.starting('line ')).toEqual(Array.from({ length: 5000 }, (_, i) => `line ${i}`));
  });
  it('fails', async () => {
    const world = await start();
    const end = await world.run('echo hello; sleep 4; echo bye; exit 3');
    console.log(JSON.stringify({ ...end }, null, 1));
    console.log(world.told.lines.map(({ at, text }) => `${at - 1.79e12} ${text}`), world.told.warnings, world.calls.map(({ at, operation, outcome}) => `${at-1.79e12} ${operation} ${outcome}`), world.busiestMinute());
    expect(end).toMatchObject({ verdict: 'failed', exitCode: 3, ran: true, outputKnown: true });
  });
});
