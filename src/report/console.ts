const DOMAINS: Readonly<Record<string, string>> = {
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

/** The console's own way to write what stands behind its number sign. */
const encoded = (text: string): string => encodeURIComponent(encodeURIComponent(text)).replaceAll('%', '$');

/** The page of the AWS console on which a log group is searched; `since` in ms since the epoch. */
export function logSearchUrl(
  partition: string,
  { region, group }: { readonly region: string; readonly group: string },
  pattern: string,
  since: number,
): string {
  const domain = DOMAINS[partition] ?? 'console.aws.amazon.com';
  const query = `$3FfilterPattern$3D${encoded(pattern)}$26start$3D${since}`;
  return `https://${region}.${domain}/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${encoded(group)}/log-events${query}`;
}
