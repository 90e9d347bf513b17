import type { JsonObject } from './definition.ts';

type Identity = (item: JsonObject) => string;

const by =
  (key: string): Identity =>
  (item) =>
    String(item[key] ?? '');

/** By what AWS tells the items of a list apart, by the name of the field that holds the list. */
const IDENTITIES: Readonly<Record<string, Identity>> = {
  containerDefinitions: by('name'),
  dependsOn: by('containerName'),
  devices: by('hostPath'),
  environment: by('name'),
  mountPoints: by('containerPath'),
  portMappings: (port) =>
    `${port['containerPort'] ?? port['containerPortRange'] ?? ''}/${port['protocol'] ?? 'tcp'}`,
  properties: by('name'),
  resourceRequirements: by('type'),
  secretOptions: by('name'),
  secrets: by('name'),
  systemControls: by('namespace'),
  tags: by('key'),
  ulimits: by('name'),
  volumes: by('name'),
  volumesFrom: by('sourceContainer'),
};

/** How to tell the items of the list in this field apart; undefined where they have no name. */
export const identityIn = (field: string): Identity | undefined =>
  Object.hasOwn(IDENTITIES, field) ? IDENTITIES[field] : undefined;
