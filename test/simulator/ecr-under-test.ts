import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { RegistryFront } from '../../src/simulator/ecr/front.ts';
import type { ScenarioRepositories } from '../../src/simulator/ecr/model.ts';
import type { Scenario } from '../../src/simulator/scenario/scenario.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { createWorld } from '../../src/simulator/world/world.ts';
import { movedClock } from './moved-clock.ts';
import type { Door } from './oci-push.ts';
import { PROMPT } from './world-under-test.ts';

const KEYS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' };

/** A running simulator with these repositories, and a clock that only the test moves. */
export async function startRegistry(
  repositories: ScenarioRepositories,
  options: { readonly registry?: true | { readonly upstream?: string }; readonly roles?: string[] } = {
    registry: true,
  },
) {
  const clock = movedClock();
  const override: Partial<Scenario> = {
    ...PROMPT,
    traffic: [],
    repositories,
    ...(options.roles && { roles: options.roles }),
  };
  const simulator = await startSimulator({
    clock,
    seed: 1,
    world: (context) => createWorld(context, webShop({ override })),
    ...(options.registry && { registry: options.registry }),
  });
  const config = (region: string, credentials: typeof KEYS & { sessionToken?: string } = KEYS) => ({
    endpoint: simulator.url,
    region,
    credentials,
    maxAttempts: 1,
  });
  const sts = new STSClient(config('eu-west-1'));

  return {
    simulator,
    clock,
    sts,
    ecr: new ECRClient(config('eu-west-1')),
    in: (region: string) => new ECRClient(config(region)),

    /** The credentials that AssumeRole gives. */
    async assume(role: string) {
      const { Credentials } = await sts.send(
        new AssumeRoleCommand({ RoleArn: role, RoleSessionName: 'promote' }),
      );
      const credentials = {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken ?? '',
      };
      const assumed = config('eu-west-1', credentials);
      return { ecr: new ECRClient(assumed), sts: new STSClient(assumed) };
    },

    /** Logs in to the registry that a client's calls go to. */
    async login(ecr: ECRClient): Promise<Door & { readonly expiresAt: Date | undefined }> {
      const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
      const [data] = authorizationData ?? [];
      const token = Buffer.from(data?.authorizationToken ?? '', 'base64').toString('utf8');
      return {
        url: data?.proxyEndpoint ?? '',
        password: token.replace(/^AWS:/, ''),
        expiresAt: data?.expiresAt,
      };
    },

    front: (place: Parameters<typeof simulator.registry>[0] = {}): Promise<RegistryFront> =>
      simulator.registry(place),
  };
}
