import { fileURLToPath } from 'node:url';
import { awsEndpointFunctions } from '@aws-sdk/core/client';
import { customEndpointFunctions, decideEndpoint } from '@smithy/core/endpoints';
import { expect, it, vi } from 'vitest';
import { endpointRules, known, pruned } from '../../src/build/s3-client.ts';

const RULES = fileURLToPath(
  new URL('../../node_modules/@aws-sdk/client-s3/dist-es/endpoint/bdd.js', import.meta.url),
);
const REGIONS = [
  'eu-west-1',
  'us-east-1',
  'us-gov-west-1',
  'cn-north-1',
  'aws-global',
  'not_a_region',
  undefined,
];
const BUCKETS = ['site', 'www.example.com', 'Old_Bucket', 'a'.repeat(63), 'a'.repeat(80), '1.2.3.4'];
const ENDPOINTS = [undefined, 'http://127.0.0.1:4566', 'https://s3.example.com/base', 'http://localhost:1'];
const NOTHING_ELSE = {
  Accelerate: false,
  DisableMultiRegionAccessPoints: false,
  ForcePathStyle: false,
  UseGlobalEndpoint: false,
};

it('the fewer rules give the endpoints that all of them give', async () => {
  // It prints what is no URL, such as a name with dots before an address.
  vi.spyOn(console, 'error').mockReturnValue();
  customEndpointFunctions['aws'] = awsEndpointFunctions;
  const whole = await endpointRules(RULES);
  const fewer = pruned(whole, known);
  expect(fewer.results.length).toBeLessThan(whole.results.length / 2);
  const places = new Set<string>();
  const decided = (rules: object, endpointParams: object): string => {
    try {
      return JSON.stringify(decideEndpoint(rules as never, { endpointParams: endpointParams as never }));
    } catch (error) {
      return String(error);
    }
  };
  for (const Region of REGIONS) {
    for (const Bucket of BUCKETS) {
      for (const Endpoint of ENDPOINTS) {
        for (const [UseFIPS, UseDualStack] of [
          [false, false],
          [true, false],
          [false, true],
          [true, true],
        ]) {
          const parameters = { ...NOTHING_ELSE, Region, Bucket, Endpoint, UseFIPS, UseDualStack };
          const expected = decided(whole, parameters);
          expect(decided(fewer, parameters), JSON.stringify(parameters)).toBe(expected);
          places.add(expected);
        }
      }
    }
  }
  expect([...places].join()).toContain('https://site.s3.eu-west-1.amazonaws.com');
  expect(places.size).toBeGreaterThan(50);
});
