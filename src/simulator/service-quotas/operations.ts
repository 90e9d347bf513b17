import type {
  GetAWSDefaultServiceQuotaCommandInput,
  GetAWSDefaultServiceQuotaCommandOutput,
  GetServiceQuotaCommandInput,
  GetServiceQuotaCommandOutput,
  ServiceQuota,
} from '@aws-sdk/client-service-quotas';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';
import { type ScenarioQuota, type ScenarioQuotas, usageMetric } from './model.ts';

const notFound = (): AwsError =>
  new AwsError(
    'NoSuchResourceException',
    'The request failed because the specified service or quota does not exist.',
  );

/** https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html */
export const quotaOperations = (quotas: ScenarioQuotas): Operations => ({
  GetServiceQuota(input: GetServiceQuotaCommandInput, call: Call): Answer<GetServiceQuotaCommandOutput> {
    const quota = find(quotas, input);
    // A limit that nobody has changed may be known by its default alone.
    if (quota?.value === undefined) throw notFound();
    return { Quota: view(input, quota, quota.value, call) };
  },

  GetAWSDefaultServiceQuota(
    input: GetAWSDefaultServiceQuotaCommandInput,
    call: Call,
  ): Answer<GetAWSDefaultServiceQuotaCommandOutput> {
    const quota = find(quotas, input);
    const value = quota?.byDefault ?? quota?.value;
    if (quota === undefined || value === undefined) throw notFound();
    return { Quota: view(input, quota, value, call) };
  },
});

interface Named {
  readonly ServiceCode: string | undefined;
  readonly QuotaCode: string | undefined;
}

const find = (quotas: ScenarioQuotas, { ServiceCode, QuotaCode }: Named): ScenarioQuota | undefined =>
  quotas[`${ServiceCode}/${QuotaCode}`];

function view(
  { ServiceCode = '', QuotaCode = '' }: Named,
  { name = QuotaCode, used }: ScenarioQuota,
  Value: number,
  { region, accountId }: Call,
): ServiceQuota {
  const metric = usageMetric(`${ServiceCode}/${QuotaCode}`);
  return {
    ServiceCode,
    ServiceName: ServiceCode,
    QuotaArn: `arn:aws:servicequotas:${region}:${accountId}:${ServiceCode}/${QuotaCode}`,
    QuotaCode,
    QuotaName: name,
    Value,
    Unit: 'None',
    Adjustable: true,
    GlobalQuota: false,
    ...(used !== undefined && {
      UsageMetric: {
        MetricNamespace: metric.namespace,
        MetricName: metric.name,
        MetricDimensions: { ...metric.dimensions },
        MetricStatisticRecommendation: 'Maximum',
      },
    }),
  };
}
