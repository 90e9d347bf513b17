import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';

/** Clients of our own: the demo asks AWS itself and takes no action's word. */
export interface AwsClients {
  readonly ecs: ECSClient;
  readonly balancing: ElasticLoadBalancingV2Client;
  close(): void;
}

/** @param endpoint the simulator's URL */
export function awsClients(endpoint: string): AwsClients {
  const settings = {
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'demo', secretAccessKey: 'demo' },
  };
  const ecs = new ECSClient(settings);
  const balancing = new ElasticLoadBalancingV2Client(settings);
  return {
    ecs,
    balancing,
    close: () => {
      ecs.destroy();
      balancing.destroy();
    },
  };
}
