import { describe, expect, it } from 'vitest';
import { withEcrImages } from '../../src/actions/ecr-images.ts';
import { ConfigError } from '../../src/errors.ts';
import type { Repositories, Repository } from '../../src/ports.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const REGISTRY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';

const registry = (...names: readonly string[]) => {
  const asked: string[] = [];
  const refuse = () => Promise.reject(new Error('nothing else is asked for'));
  const ecr: Repositories = {
    async find(name) {
      asked.push(name);
      const found: Repository = {
        name,
        arn: `arn:aws:ecr:eu-west-1:111122223333:repository/${name}`,
        registryId: '111122223333',
        uri: `${REGISTRY}/${name}`,
        mutability: { immutable: true, except: [] },
        scanOnPush: true,
      };
      return names.includes(name) ? found : undefined;
    },
    create: refuse,
    login: refuse,
    startScan: refuse,
    scan: refuse,
  };
  return { ecr, asked };
};

const fill = async (inputs: Readonly<Record<string, string>>, ecr: Repositories) => {
  const input = await withEcrImages(
    (name) => inputs[name] ?? '',
    ['image', 'images'],
    async () => ecr,
  );
  return Object.fromEntries(Object.keys(inputs).map((name) => [name, input(name)]));
};

describe('an image without its registry', () => {
  it('gets the one of this account, by digest and by tag, in every form that images are given in', async () => {
    const { ecr, asked } = registry('shop', 'team/proxy');
    expect(await fill({ image: `ecr:shop@${DIGEST}` }, ecr)).toEqual({ image: `${REGISTRY}/shop@${DIGEST}` });
    expect(await fill({ images: 'app=ecr:shop:1.2.3\nproxy=ecr:team/proxy:v1' }, ecr)).toEqual({
      images: `app=${REGISTRY}/shop:1.2.3\nproxy=${REGISTRY}/team/proxy:v1`,
    });
    const json = JSON.stringify({ app: `ecr:shop@${DIGEST}`, job: `ecr:shop@${DIGEST}` });
    expect(await fill({ images: json }, ecr)).toEqual({ images: json.replaceAll('ecr:', `${REGISTRY}/`) });
    expect(await fill({ images: `app: ecr:shop@${DIGEST}` }, ecr)).toEqual({
      images: `app: ${REGISTRY}/shop@${DIGEST}`,
    });
    expect(asked).toHaveLength(5);
  });

  it('of a repository that is not there is an error that names it', async () => {
    const error = await fill({ images: 'app=ecr:shpo:1' }, registry('shop').ecr).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain('images: there is no ECR repository "shpo"');
  });

  it('is the only reason to ask AWS, and other inputs stay as they are', async () => {
    const never = () => Promise.reject(new Error('asked'));
    const inputs = { image: `${REGISTRY}/ecr:1`, images: 'unchanged', command: 'ecr:shop:1' };
    const input = await withEcrImages(
      (name) => inputs[name as keyof typeof inputs] ?? '',
      ['image', 'images'],
      never,
    );
    expect(Object.keys(inputs).map(input)).toEqual(Object.values(inputs));
  });
});
