import { nameIn } from '../arn.ts';
import type { Problem } from '../errors.ts';
import type { InputReader } from './input-reader.ts';
import { foreignRegion, shown } from './job-region.ts';

/** The one service that a step is about. */
export interface ServicePlace {
  /** A name; an ARN where one was given for either input, by which AWS refuses what is in another account. */
  readonly cluster: string;
  readonly service: string;
}

/**
 * Both are names of ECS or ARNs, of services also those of before 2018, which name no cluster:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids
 */
const NAME = /^[\w-]{1,255}$/;
const CLUSTER_ARN = /^(arn:[\w-]+:ecs:([\w-]+):(\d{12}):)cluster\/([\w-]{1,255})$/;
const SERVICE_ARN = /^(arn:[\w-]+:ecs:([\w-]+):(\d{12}):)service\/(?:([\w-]{1,255})\/)?[\w-]{1,255}$/;

/**
 * Whether `cluster` and `service`, each given by its name or its ARN, are one service in the region of the job. An ARN
 * names more than the last part of it, and a service of that name may well be in another cluster or region.
 *
 * @param given texts of both inputs; empty for what is not given
 * @param region of the job; without it, any is right
 * @param fix how another would be the job's, where it is not by AWS_REGION
 */
export function placeOf(
  given: ServicePlace,
  region: string | undefined,
  fix?: string,
): { readonly place: ServicePlace; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const read = (input: 'cluster' | 'service', pattern: RegExp, form: string): RegExpExecArray | null => {
    const text = given[input];
    const arn = pattern.exec(text);
    const message =
      text === '' || NAME.test(text)
        ? undefined
        : arn
          ? foreignRegion(text, region, fix)
          : `${shown(text)} is neither the name of an ECS ${input} (up to 255 letters, digits, hyphens and underscores) nor its ARN, arn:aws:ecs:REGION:ACCOUNT:${form}`;
    if (message !== undefined) problems.push({ input, message });
    return arn;
  };
  const cluster = read('cluster', CLUSTER_ARN, 'cluster/NAME');
  const service = read('service', SERVICE_ARN, 'service/CLUSTER/NAME');
  const isCluster = cluster !== null || NAME.test(given.cluster);
  const message = service && isCluster ? parting(given, cluster, service, problems.length > 0) : undefined;
  if (message !== undefined) problems.push({ input: 'service', message });
  const [, prefix = ''] = service ?? [];
  return {
    place: {
      cluster:
        prefix === '' || given.cluster === '' ? given.cluster : `${prefix}cluster/${nameIn(given.cluster)}`,
      service: nameIn(given.service),
    },
    problems,
  };
}

/**
 * What tells the service of an ARN from those of the cluster that is given.
 *
 * @param isForeign whether one of them is not of the job's region, which is told already
 */
function parting(
  given: ServicePlace,
  cluster: RegExpExecArray | null,
  [, , region, account, within]: RegExpExecArray,
  isForeign: boolean,
): string | undefined {
  const fix = 'give both of the same service';
  const its = shown(given.service);
  if (within !== undefined && within !== nameIn(given.cluster))
    return `${its} is in the cluster ${within}, and cluster is ${shown(given.cluster)}; ${fix}`;
  if (!cluster || isForeign) return undefined;
  const [, , regionOfCluster, accountOfCluster] = cluster;
  if (region !== regionOfCluster)
    return `${its} is in ${region}, and cluster is in ${regionOfCluster}; ${fix}`;
  return account === accountOfCluster ? undefined : `${its} is in another account than cluster; ${fix}`;
}

/**
 * Reads `cluster` and `service`, as every action that looks for a service does; what is wrong is left with the reader.
 *
 * @param region of the job
 * @param read takes the text of an input, or an empty one where it may be missing; by default both are required
 * @param fix as of `placeOf`
 */
export function readPlace(
  reader: InputReader,
  region: string | undefined,
  {
    read = (name, example) => reader.required(name, example),
    fix,
  }: { readonly read?: (name: string, example: string) => string; readonly fix?: string } = {},
): ServicePlace {
  const given = { cluster: read('cluster', 'production'), service: read('service', 'web') };
  const { place, problems } = placeOf(given, region, fix);
  for (const { input, message } of problems) reader.problem(input, message);
  return place;
}
