import { ECSClient } from '@aws-sdk/client-ecs';
import { afterEach, expect, test, vi } from 'vitest';
import { askedRegion } from '../../src/actions/job-region.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each(['eu-west-1', 'us-gov-west-1', 'us-iso-east-1', 'fips-us-gov-west-1', 'us-east-1-fips'])(
  '%s is the region that the SDK makes of it',
  async (region) => {
    vi.stubEnv('AWS_REGION', region);
    const client = new ECSClient({});
    expect(askedRegion(process.env)).toBe(await client.config.region());
    client.destroy();
  },
);

test.each([{}, { AWS_REGION: '' }, { AWS_DEFAULT_REGION: 'eu-west-1' }])(
  'what %o leaves to the files of the AWS CLI is not known',
  (env) => {
    expect(askedRegion(env)).toBeUndefined();
  },
);
