/** Addresses of AWS's console. */

const HOSTS: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
  'aws-eusc': 'console.amazonaws-eusc.eu',
};

export interface ConsolePlace {
  readonly partition: string;
  readonly region: string;
}

function page({ partition, region }: ConsolePlace, service: string, rest: string): string {
  const host = HOSTS[partition] ?? HOSTS['aws'];
  // China's and the government's consoles have no hosts by region.
  const regional = partition === 'aws' || partition === 'aws-eusc' ? `${region}.${host}` : host;
  return `https://${regional}/${service}${rest}`;
}

const cloudWatch = (place: ConsolePlace, hash: string): string =>
  page(place, 'cloudwatch', `/home?region=${place.region}#${hash}`);

export const alarmUrl = (place: ConsolePlace, name: string): string =>
  cloudWatch(place, `alarmsV2:alarm/${encodeURIComponent(name)}`);

/** All alarms whose names hold the text. */
export const alarmsUrl = (place: ConsolePlace, text: string): string =>
  cloudWatch(place, `alarmsV2:?~(search~'${text.replaceAll('/', '*2f')})`);

export const dashboardUrl = (place: ConsolePlace, name: string): string =>
  cloudWatch(place, `dashboards/dashboard/${encodeURIComponent(name)}`);

export const serviceUrl = (place: ConsolePlace, cluster: string, service: string): string =>
  page(place, 'ecs', `/v2/clusters/${cluster}/services/${service}/health?region=${place.region}`);
