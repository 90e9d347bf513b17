import { withoutAccountIds } from '../report/account-ids.ts';
import { printable } from '../taskdef/shape.ts';

/** What the job calls its region, to be told to people. configure-aws-credentials sets both. */
export const jobRegion = (env: NodeJS.ProcessEnv): string | undefined =>
  env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined;

/**
 * Where AWS is asked; undefined where the files of the AWS CLI say it: the SDK does not look at AWS_DEFAULT_REGION. What
 * stands for the FIPS endpoints of a region, such as `fips-us-gov-west-1`, is that region to it.
 */
export const askedRegion = ({ AWS_REGION: region }: NodeJS.ProcessEnv): string | undefined =>
  region?.replace(/^fips-|-fips$/, '') || undefined;

/** A text as an error shows it: account ids are secrets to many. */
export const shown = (text: string): string => `"${withoutAccountIds(printable(text))}"`;

/**
 * What is wrong with an ARN that names another region than the job's, where what it is about would not be found, or
 * something else of the same name would be. Undefined for any other text, and where the job's region is not known.
 *
 * @param fix how that region would be the job's
 */
export function foreignRegion(
  text: string,
  region: string | undefined,
  fix = 'set AWS_REGION (aws-region of configure-aws-credentials)',
): string | undefined {
  const [, , , its] = text.startsWith('arn:') ? text.split(':') : [];
  if (!its || region === undefined || its === region) return undefined;
  return `${shown(text)} is in ${printable(its)}, and this job works in ${printable(region)}; ${fix}, or give one of ${printable(region)}`;
}
