import { DescribeImagesCommand } from '@aws-sdk/client-ecr';
import { afterEach, describe, expect, it } from 'vitest';
import type { ScenarioRepositories } from '../../src/simulator/ecr/model.ts';
import { startRegistry } from './ecr-under-test.ts';
import { failureOf } from './failure-of.ts';
import { ask, type Door, imageOf, pushBlob, pushImage, putManifest, sha256 } from './oci-push.ts';

const OCTETS = { 'content-type': 'application/octet-stream' };
const HALF_DAY = 12 * 3_600_000;

let running: Awaited<ReturnType<typeof startRegistry>> | undefined;

async function start(repositories: ScenarioRepositories = { app: {}, other: {} }) {
  running = await startRegistry(repositories);
  const door: Door = await running.login(running.ecr);
  return { ...running, door, registry: await running.front() };
}

afterEach(async () => {
  await running?.simulator.close();
  running = undefined;
});

const errorOf = async (answer: Response): Promise<string> => {
  const { errors } = (await answer.json()) as { errors: { code: string; message: string }[] };
  return `${answer.status} ${errors[0]?.code}: ${errors[0]?.message}`;
};

const beginUpload = async (door: Door, query = ''): Promise<string> => {
  const answer = await ask(door, `/v2/app/blobs/uploads/${query}`, { method: 'POST' });
  expect(answer.status).toBe(202);
  return answer.headers.get('location') ?? '';
};

describe("a registry's endpoint lets in", () => {
  it('whoever has a token, and asks everybody else for one', async () => {
    const { door, registry } = await start();
    const open = await ask(door, '/v2/');
    expect(open.status).toBe(200);
    expect(open.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
    for (const authorization of [
      '',
      'Basic QVdTOndyb25n',
      'Bearer x',
      `Basic ${btoa(`me:${door.password}`)}`,
    ]) {
      const refused = await ask(door, '/v2/', { headers: { authorization } });
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toBe(
        `Basic realm="${registry.url}/",service="ecr.amazonaws.com"`,
      );
      expect(refused.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
    }
  });

  it('nobody whose token is 12 hours old', async () => {
    const { door, clock, login, ecr } = await start();
    clock.move(HALF_DAY - 1);
    expect((await ask(door, '/v2/')).status).toBe(200);
    clock.move(1);
    expect((await ask(door, '/v2/')).status).toBe(401);
    expect((await ask(await login(ecr), '/v2/')).status).toBe(200);
  });

  it('nobody whose token is of another region', async () => {
    const aws = await start();
    const far = await aws.login(aws.in('us-east-1'));
    expect((await ask({ ...far, url: aws.registry.url }, '/v2/')).status).toBe(401);
    expect((await ask(far, '/v2/')).status).toBe(200);
  });
});

describe('content', () => {
  it('comes back as it was pushed', async () => {
    const { door } = await start();
    const image = await pushImage(door, 'app', 'v1', 'a layer');
    for (const reference of ['v1', image.digest]) {
      const head = await ask(door, `/v2/app/manifests/${reference}`, { method: 'HEAD' });
      expect(Object.fromEntries(head.headers)).toMatchObject({
        'content-type': image.mediaType,
        'content-length': String(image.manifest.length),
        'docker-content-digest': image.digest,
      });
      expect(await (await ask(door, `/v2/app/manifests/${reference}`)).text()).toBe(image.manifest);
    }
    const layer = await ask(door, `/v2/app/blobs/${sha256('a layer')}`);
    expect(await layer.text()).toBe('a layer');
    const head = await ask(door, `/v2/app/blobs/${sha256('a layer')}`, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe('7');
    expect((await ask(door, `/v2/app/blobs/${sha256('none')}`, { method: 'HEAD' })).status).toBe(404);
    expect(await errorOf(await ask(door, '/v2/app/manifests/v9'))).toContain('404 MANIFEST_UNKNOWN');
  });

  it('is uploaded in pieces through locations that lead back to the endpoint', async () => {
    const { door, registry } = await start();
    let location = await beginUpload(door);
    for (const [range, piece] of [
      ['0-4', 'first'],
      ['5-10', 'second'],
    ] as const) {
      expect(location.startsWith(`${registry.url}/v2/app/blobs/uploads/`)).toBe(true);
      const answer = await ask(door, location, {
        method: 'PATCH',
        headers: { ...OCTETS, 'content-range': range },
        body: piece,
      });
      expect([answer.status, answer.headers.get('range')]).toEqual([202, `0-${range.split('-')[1]}`]);
      location = answer.headers.get('location') ?? '';
    }
    const gap = await ask(door, location, {
      method: 'PATCH',
      headers: { ...OCTETS, 'content-range': '20-22' },
      body: 'gap',
    });
    expect(gap.status).toBe(416);
    const text = await ask(door, location, { method: 'PATCH', body: 'a text' });
    expect(await errorOf(text)).toContain('400 BLOB_UPLOAD_INVALID');
    expect((await ask(door, location)).headers.get('range')).toBe('0-10');
    const digest = sha256('firstsecond');
    const done = await ask(door, `${location}?digest=${digest}`, { method: 'PUT' });
    expect([done.status, done.headers.get('docker-content-digest')]).toEqual([201, digest]);
    expect(done.headers.get('location')).toBe(`${registry.url}/v2/app/blobs/${digest}`);
    expect(await (await ask(door, `/v2/app/blobs/${digest}`)).text()).toBe('firstsecond');
  });

  it('is refused when it is not what its digest says', async () => {
    const { door } = await start();
    const upload = await beginUpload(door);
    const wrong = await ask(door, `${upload}?digest=${sha256('this')}`, { method: 'PUT', body: 'that' });
    expect(await errorOf(wrong)).toContain('400 DIGEST_INVALID');
    const image = await pushImage(door, 'app', 'v1', 'layer');
    const otherwise = await putManifest(door, 'app', sha256('another'), image);
    expect(await errorOf(otherwise)).toContain('400 DIGEST_INVALID');
  });

  it('is refused when a part of it is missing', async () => {
    const { door } = await start();
    expect(await errorOf(await putManifest(door, 'app', 'v1', imageOf('layer')))).toContain(
      '400 MANIFEST_BLOB_UNKNOWN',
    );
    const nonsense = { ...imageOf('layer'), manifest: 'nonsense' };
    expect(await errorOf(await putManifest(door, 'app', 'v1', nonsense))).toContain('400 MANIFEST_INVALID');
  });

  it('of another repository is not mounted: it has to be uploaded', async () => {
    const { door } = await start();
    const digest = await pushBlob(door, 'other', 'shared');
    const location = await beginUpload(door, `?mount=${digest}&from=other`);
    expect(location).not.toContain('mount');
    expect((await ask(door, `/v2/app/blobs/${digest}`, { method: 'HEAD' })).status).toBe(404);
    expect((await ask(door, `${location}?digest=${digest}`, { method: 'PUT', body: 'shared' })).status).toBe(
      201,
    );
  });

  it('of a repository that does not exist is not taken', async () => {
    const { door } = await start();
    const answer = await ask(door, '/v2/none/blobs/uploads/', { method: 'POST' });
    expect(await errorOf(answer)).toBe(
      "404 NAME_UNKNOWN: The repository with name 'none' does not exist in the registry with id '123456789012'",
    );
  });

  it('cannot be deleted here', async () => {
    const { door } = await start();
    const { digest } = await pushImage(door, 'app', 'v1', 'layer');
    const answer = await ask(door, `/v2/app/manifests/${digest}`, { method: 'DELETE' });
    expect(await errorOf(answer)).toContain('405 UNSUPPORTED');
  });

  it('has its tags listed', async () => {
    const { door } = await start();
    for (const tag of ['v2', 'v1', 'v3']) await pushImage(door, 'app', tag, 'layer');
    const all = await ask(door, '/v2/app/tags/list');
    expect(await all.json()).toEqual({ name: 'app', tags: ['v1', 'v2', 'v3'] });
    const first = await ask(door, '/v2/app/tags/list?n=2');
    expect(await first.json()).toEqual({ name: 'app', tags: ['v1', 'v2'] });
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    expect(await (await ask(door, next)).json()).toEqual({ name: 'app', tags: ['v3'] });
  });
});

describe('an immutable tag', () => {
  const TAKEN =
    "400 TAG_INVALID: The image tag 'v1' already exists in the 'app' repository and cannot be overwritten " +
    'because the tag is immutable.';

  it('is refused a second time, whether the content is another or the same', async () => {
    const { door } = await start({ app: { immutable: true } });
    const image = await pushImage(door, 'app', 'v1', 'one');
    expect(await errorOf(await putManifest(door, 'app', 'v1', image))).toBe(TAKEN);
    expect((await failureOf(pushImage(door, 'app', 'v1', 'two'))).message).toContain('TAG_INVALID');
    expect((await putManifest(door, 'app', image.digest, image)).status).toBe(201);
  });

  it('goes to one of two who push it at the same time', async () => {
    const { door } = await start({ app: { immutable: true } });
    const image = await pushImage(door, 'app', 'v0', 'layer');
    const answers = await Promise.all([1, 2].map(() => putManifest(door, 'app', 'v1', image)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400]);
  });
});

describe('a registry that fails', () => {
  it('answers with an error as often as it is told, and counts', async () => {
    const { door, registry } = await start();
    registry.fail({ method: 'POST', path: /\/app\/blobs\/uploads/, how: 'status', status: 503, times: 2 });
    const post = () => ask(door, '/v2/app/blobs/uploads/', { method: 'POST' });
    const statuses = [await post(), await post(), await post()].map(({ status }) => status);
    expect(statuses).toEqual([503, 503, 202]);
    expect(registry.requests).toEqual(
      statuses.map((status) => ({ method: 'POST', path: '/v2/app/blobs/uploads/', status })),
    );
  });

  it('no longer knows a good token', async () => {
    const { door, registry } = await start();
    registry.fail({ how: 'unauthorized' });
    expect((await ask(door, '/v2/')).status).toBe(401);
    expect((await ask(door, '/v2/')).status).toBe(200);
  });

  it('breaks off uploads and downloads, and heals', async () => {
    const { door, registry } = await start();
    const image = await pushImage(door, 'app', 'v1', 'layer');
    registry.fail({ how: 'cut', method: 'PATCH' });
    const upload = await beginUpload(door);
    await failureOf(ask(door, upload, { method: 'PATCH', body: 'piece' }));
    registry.fail({ how: 'cut', path: /manifests/, times: 5 });
    const answer = await ask(door, '/v2/app/manifests/v1');
    await failureOf(answer.text());
    await failureOf(putManifest(door, 'app', 'v2', image));
    registry.heal();
    expect((await ask(door, '/v2/app/manifests/v2')).status).toBe(404);
    expect(registry.requests.filter(({ status }) => status === 0).map(({ method }) => method)).toEqual([
      'PATCH',
      'PUT',
    ]);
  });

  it('loses the answer to a push that took effect', async () => {
    const { door, registry, ecr } = await start();
    const image = await pushImage(door, 'app', 'v1', 'layer');
    registry.fail({ how: 'lost-answer', path: /manifests\/v2/ });
    await failureOf(putManifest(door, 'app', 'v2', image));
    const { imageDetails } = await ecr.send(
      new DescribeImagesCommand({ repositoryName: 'app', imageIds: [{ imageTag: 'v2' }] }),
    );
    expect(imageDetails?.[0]?.imageDigest).toBe(image.digest);
  });

  it('is slow by the clock of the simulator', async () => {
    const { door, registry, clock } = await start();
    const slept: number[] = [];
    clock.sleep = async (ms) => void slept.push(ms);
    registry.fail({ how: 'slow', ms: 90_000 });
    expect((await ask(door, '/v2/')).status).toBe(200);
    expect(slept).toEqual([90_000]);
  });
});

it('is passed on to another registry when one is given', async () => {
  const behind = await start();
  // The registry behind takes credentials of its own: what it says comes back as it is.
  const aws = await startRegistry({ app: {} }, { registry: { upstream: behind.registry.url } });
  try {
    const door = await aws.login(aws.ecr);
    expect((await ask(door, '/v2/app/manifests/v1')).status).toBe(401);
    expect(behind.registry.requests).toEqual([
      { method: 'GET', path: '/v2/123456789012/eu-west-1/app/manifests/v1', status: 401 },
    ]);
  } finally {
    await aws.simulator.close();
  }
});
