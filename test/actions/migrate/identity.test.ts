import { describe, expect, it } from 'vitest';
import { identityOf, publicName } from '../../../src/actions/migrate/identity.ts';
import { readInputs } from '../../../src/actions/migrate/inputs.ts';

const given = {
  cluster: 'prod',
  service: 'web',
  lock: 'shop-db',
  command: 'migrate up',
  image: 'unchanged',
  images: 'unchanged',
};
const env = { GITHUB_REPOSITORY: 'org/web', GITHUB_RUN_ID: '7', GITHUB_JOB: 'migrate', GITHUB_ACTION: 'a' };

const keyOf = async (inputs: Readonly<Record<string, string>>, attempt = '1') => {
  const all: Readonly<Record<string, string>> = { ...given, ...inputs };
  return identityOf(await readInputs((name) => all[name] ?? '', 'eu-west-1'), {
    ...env,
    GITHUB_RUN_ATTEMPT: attempt,
  }).runKey;
};

describe('the identity of a migration', () => {
  it('is the same in every attempt of a run, also when its image was built anew', async () => {
    expect(await keyOf({}, '2')).toBe(await keyOf({}, '1'));
    const image = (digit: string) => ({ image: `registry:5000/app:v1@sha256:${digit.repeat(64)}` });
    expect(await keyOf(image('a'), '2')).toBe(await keyOf(image('b'), '1'));
    expect(await keyOf({ image: 'registry:5000/app:v1' })).toBe(
      await keyOf({ image: 'registry:5000/app:v2' }),
    );
  });

  it('is the same with other commands that only ask', async () => {
    const asking = { 'status-command': 'migrate status', 'verify-command': 'migrate version' };
    expect(await keyOf(asking)).toBe(await keyOf({}));
  });

  it.each([
    ['environment-variables', 'TENANT=b'],
    ['service', 'admin'],
    ['cluster', 'staging'],
    ['task-definition', 'migrations:4'],
    ['container-name', 'migrations'],
    ['image', 'app:v2'],
    ['command', 'migrate down'],
  ])('is another one where %s differs, as in the jobs of a matrix', async (input, value) => {
    expect(await keyOf({ [input]: value })).not.toBe(await keyOf({}));
  });
});

describe('the public name of a command', () => {
  it.each([
    [['/usr/bin/psql', '-c', 'hunter2'], 'psql ...'],
    [['migrate.sh'], 'migrate.sh'],
    [['psql postgres://u:hunter2@db'], 'a command'],
    [undefined, "the container's own program"],
  ])('of %j is %s', (command, name) => {
    expect(publicName(command)).toBe(name);
  });
});
