import {
  GetAWSDefaultServiceQuotaCommand,
  type GetAWSDefaultServiceQuotaCommandOutput,
  GetServiceQuotaCommand,
  type GetServiceQuotaCommandOutput,
  type MetricInfo,
  type ServiceQuota,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import type { Quotas } from '../ports.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** CloudWatch hears of what is used every few minutes; older than that, it says little, in ms. */
const USAGE_WINDOW_MS = 1_800_000;

/**
 * Limits of the account. Permissions: servicequotas:GetServiceQuota; servicequotas:GetAWSDefaultServiceQuota where only
 * the default is known; cloudwatch:GetMetricData for what is used.
 */
export function quotas(connection: Connection): Quotas {
  const client = new ServiceQuotasClient(clientSettings(connection));
  const named = async (command: object): Promise<ServiceQuota | undefined> => {
    try {
      const { Quota } = await call<GetServiceQuotaCommandOutput | GetAWSDefaultServiceQuotaCommandOutput>(
        connection,
        'servicequotas',
        client,
        command,
      );
      return Quota;
    } catch (error) {
      if (errorName(error) === 'NoSuchResourceException') return undefined;
      throw error;
    }
  };

  /** The highest that CloudWatch has of late: it is told late, and not for every minute. */
  async function usedOf({
    MetricNamespace: namespace,
    MetricName: metric,
    MetricDimensions: dimensions = {},
    MetricStatisticRecommendation: stat = 'Maximum',
  }: MetricInfo): Promise<number | undefined> {
    if (namespace === undefined || metric === undefined) return undefined;
    const { metrics } = await import('./metrics.ts');
    const now = connection.clock.now();
    const query = { id: 'used', namespace, metric, dimensions, stat };
    const { values } = await metrics(connection).read([query], now - USAGE_WINDOW_MS, now);
    return [...(values.get('used') ?? [])].toSorted(([a], [b]) => a - b).at(-1)?.[1];
  }

  return {
    async find(service, code) {
      const which = { ServiceCode: service, QuotaCode: code };
      const quota =
        (await named(new GetServiceQuotaCommand(which))) ??
        (await named(new GetAWSDefaultServiceQuotaCommand(which)));
      if (quota?.Value === undefined) return undefined;
      const used = quota.UsageMetric && (await usedOf(quota.UsageMetric));
      return { name: quota.QuotaName ?? code, value: quota.Value, used };
    },
  };
}
