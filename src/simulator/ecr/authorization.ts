import type {
  GetAuthorizationTokenCommandInput,
  GetAuthorizationTokenCommandOutput,
} from '@aws-sdk/client-ecr';
import type { Answer } from '../answer.ts';
import type { Call, Operations } from '../operation.ts';
import type { Registries } from './registries.ts';

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html */
export const authorizationOperations = (registries: Registries): Operations => ({
  async GetAuthorizationToken(
    { registryIds = [] }: GetAuthorizationTokenCommandInput,
    call: Call,
  ): Promise<Answer<GetAuthorizationTokenCommandOutput>> {
    const { accountId, region } = call;
    const { password, expiresAt } = registries.issue(call);
    const accounts = registryIds.length > 0 ? registryIds : [accountId];
    return {
      authorizationData: await Promise.all(
        accounts.map(async (account) => ({
          authorizationToken: Buffer.from(`AWS:${password}`).toString('base64'),
          expiresAt: new Date(expiresAt),
          proxyEndpoint: await registries.url(registries.of(account, region)),
        })),
      ),
    };
  },
});
