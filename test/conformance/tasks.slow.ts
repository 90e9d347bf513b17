import { afterAll, beforeAll, expect, it } from 'vitest';
import { logs } from '../../src/aws/logs.ts';
import { tasks } from '../../src/aws/tasks.ts';
import { systemClock } from '../../src/clock.ts';
import { logPlace, logSource } from '../../src/task-run/log-place.ts';
import type { TaskDefinition } from '../../src/taskdef/definition.ts';
import { type Moto, startMoto } from '../slow/moto.ts';

/** What the adapters for tasks and logs send, judged by an emulator that others have written. */

const connection = { clock: systemClock };
const GROUP = '/ecs/jobs';
let moto: Moto;
let account: { subnets: readonly string[]; group: string };

const CLIENTS = `
import boto3, json, sys
make = lambda name: boto3.client(name, region_name='eu-west-1', endpoint_url=sys.argv[1], aws_access_key_id='x', aws_secret_access_key='x')
`;

/** moto adds up what the containers of a task ask for, and fails where one asks for nothing. */
const SETUP = `${CLIENTS}
ec2, ecs, logs = map(make, ['ec2', 'ecs', 'logs'])
subnets = [s['SubnetId'] for s in ec2.describe_subnets()['Subnets']][:2]
group = ec2.describe_security_groups()['SecurityGroups'][0]['GroupId']
ecs.create_cluster(clusterName='prod')
options = {'awslogs-group': '${GROUP}', 'awslogs-region': 'eu-west-1', 'awslogs-stream-prefix': 'run'}
ecs.register_task_definition(family='job', networkMode='awsvpc', requiresCompatibilities=['FARGATE'], cpu='256', memory='512', containerDefinitions=[{'name': 'job', 'image': 'app:v1', 'cpu': 256, 'memory': 512, 'logConfiguration': {'logDriver': 'awslogs', 'options': options}}])
network = {'awsvpcConfiguration': {'subnets': subnets, 'securityGroups': [group], 'assignPublicIp': 'ENABLED'}}
ecs.create_service(cluster='prod', serviceName='web', taskDefinition='job:1', desiredCount=1, launchType='FARGATE', platformVersion='1.4.0', networkConfiguration=network)
logs.create_log_group(logGroupName='${GROUP}')
print(json.dumps({'subnets': subnets, 'group': group}))
`;

const WRITE = `${CLIENTS}
import time
logs = make('logs')
name = sys.argv[2]
logs.create_log_stream(logGroupName='${GROUP}', logStreamName=name)
now = int(time.time() * 1000) - 60000
logs.put_log_events(logGroupName='${GROUP}', logStreamName=name, logEvents=[{'timestamp': now + i, 'message': 'line %d' % i} for i in range(int(sys.argv[3]))])
`;

beforeAll(async () => {
  moto = await startMoto();
  account = JSON.parse(moto.python(SETUP));
});

afterAll(() => moto.stop());

it('agrees with a task beside a service: its placement, its start, its tags, its stop', async () => {
  const ecs = tasks(connection);
  const service = await ecs.ofService('prod', 'web');
  expect(service).toMatchObject({
    cluster: 'prod',
    service: 'web',
    placement: {
      launchType: 'FARGATE',
      platformVersion: '1.4.0',
      network: { subnets: account.subnets, securityGroups: [account.group], publicIp: true },
    },
  });
  const started = await ecs.run({
    cluster: 'prod',
    taskDefinition: service.taskDefinition,
    placement: service.placement,
    container: 'job',
    command: ['alembic', 'upgrade', 'head'],
    environment: { REVISION: 'head' },
    cpu: '512',
    memory: '1024',
    startedBy: 'deploy-actions/1',
    tags: { 'deploy-actions:run': '1' },
    token: 'token',
  });
  expect(started).toMatchObject({ cluster: 'prod', startedBy: 'deploy-actions/1' });
  const found = (await ecs.describe('prod', [started.arn])).get(started.arn);
  expect(found?.tags).toEqual({ 'deploy-actions:run': '1' });
  expect(found?.containers.map(({ name }) => name)).toEqual(['job']);
  expect((await ecs.startedBy('prod', 'deploy-actions/1')).map(({ arn }) => arn)).toEqual([started.arn]);
  await ecs.stop('prod', started.arn, 'enough');
  const stopped = (await ecs.describe('prod', [started.arn])).get(started.arn);
  expect(stopped).toMatchObject({ status: 'STOPPED', stopping: true });
  expect(await ecs.startedBy('prod', 'deploy-actions/1')).toEqual([]);
});

it('agrees with a log that is not there yet, and is then read page by page to its end', async () => {
  const ecs = tasks(connection);
  const { placement } = await ecs.ofService('prod', 'web');
  const task = await ecs.run({
    cluster: 'prod',
    taskDefinition: 'job:1',
    placement,
    container: 'job',
    startedBy: 'deploy-actions/2',
    tags: {},
    token: 'other',
  });
  const options = { 'awslogs-group': GROUP, 'awslogs-region': 'eu-west-1', 'awslogs-stream-prefix': 'run' };
  const definition: TaskDefinition = {
    family: 'job',
    containerDefinitions: [{ name: 'job', logConfiguration: { logDriver: 'awslogs', options } }],
  };
  const source = logSource(definition, 'job');
  const place = source.kind === 'cloudwatch' ? logPlace(source, 'job', task) : undefined;
  if (!place) throw new Error('no place');
  const log = logs(connection);
  expect(await log.read(place)).toEqual({ lines: [] });
  moto.python(WRITE, place.stream, '9000');
  const texts: string[] = [];
  for (let from: string | undefined; ; ) {
    const { lines, next } = await log.read(place, from);
    texts.push(...lines.map(({ text }) => text));
    if (next === from) break;
    from = next;
  }
  expect(texts).toEqual(Array.from({ length: 9_000 }, (_, i) => `line ${i}`));
});
