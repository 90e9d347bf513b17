import type { BesideTheData, ClusterSettings, InstanceSettings } from './restore-settings.ts';

/**
 * What the commands of a restore cannot carry, in words. Sources:
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html
 */

const list = (names: readonly string[]): string => names.join(', ');

/** @param identity the resource id, which AWS gives to one database only */
export function leftBehind(
  id: string,
  target: string,
  identity: string | undefined,
  settings: InstanceSettings | ClusterSettings,
): string[] {
  const { replicas = [], replicaOf, managedPassword, stack, activityStream, iamAuthentication } = settings;
  const other = settings.kind === 'db-instance' ? ofInstance(settings) : ofCluster(settings, target);
  return [
    managedPassword
      ? `The password of the master user gets into a new secret of Secrets Manager: what reads it from the secret of ${id} has to be given the new ARN (MasterUserSecret in what AWS tells of ${target}). The old secret stays with the old one and goes with it.`
      : `Users and passwords are those of the time of the snapshot.`,
    ...(replicas.length > 0
      ? [
          `Its read replicas ${list(replicas)} go on following the old one, whatever it is called: make new ones of the restored one, and point at those what reads.`,
        ]
      : []),
    ...(replicaOf === undefined
      ? []
      : [
          `${id} is a replica of ${replicaOf}; what is restored follows nothing and stands still at the time of the snapshot.`,
        ]),
    ...(iamAuthentication
      ? [
          `IAM policies for users of the database (rds-db:connect) name the resource id${identity === undefined ? '' : ` ${identity}`}; the restored one has another.`,
        ]
      : []),
    ...(activityStream ? ['Its database activity stream has to be started again.'] : []),
    ...other,
    ...(stack === undefined
      ? []
      : [
          `${id} belongs to the CloudFormation stack ${stack}, which knows nothing of the restored one: import it there before the next change of the stack.`,
        ]),
    // Aurora's storage is not loaded from S3.
    ...(settings.kind === 'db-cluster' && settings.engine.startsWith('aurora')
      ? []
      : [
          'It loads its data from S3 as it is read, and is slow until then: read the big tables once before clients come.',
        ]),
    'Targets of an RDS Proxy, zero-ETL integrations, plans of AWS Backup and restores to a point in time before now stay with the old one.',
  ];
}

function ofInstance({ ownDirectory, backupCopies = [], monitoring }: InstanceSettings): string[] {
  return [
    ...(ownDirectory ? ['It has to be joined to its Active Directory again, which AWS does not run.'] : []),
    ...(backupCopies.length > 0
      ? ['Copies of its automated backups to another region have to be switched on again.']
      : []),
    ...unwatched(monitoring),
  ];
}

function ofCluster(settings: ClusterSettings, target: string): string[] {
  const { members, globalCluster, customEndpoints = [], dataApi } = settings;
  return [
    ...(members.length > 0
      ? [
          `Clients that name an instance of the cluster, not the cluster, have to name the new one; replicas that Auto Scaling adds need a target and policy for ${target}.`,
        ]
      : []),
    ...(customEndpoints.length > 0
      ? [`Its custom endpoints have to be made again: ${list(customEndpoints)}.`]
      : []),
    ...(dataApi ? ['The Data API has to be switched on again (aws rds enable-http-endpoint).'] : []),
    ...(globalCluster === undefined
      ? []
      : [
          `It is a part of the global database ${globalCluster}; the restored one is not: make a new global database of it.`,
        ]),
    ...members.flatMap(({ monitoring }) => unwatched(monitoring)).slice(0, 1),
  ];
}

const unwatched = (monitoring: BesideTheData['monitoring']): string[] =>
  monitoring && monitoring.interval > 0 && monitoring.role === undefined
    ? ['Enhanced Monitoring has to be switched on again.']
    : [];

/** What the old one is after its name has gone to another. */
export function oldOne(old: string, settings: InstanceSettings | ClusterSettings): string {
  const { deletionProtection } = settings;
  const members = settings.kind === 'db-cluster' && settings.members.length > 0;
  const what = members ? `${old} and its instances run on and cost` : `${old} runs on and costs`;
  const guard = deletionProtection ? ', is protected from being deleted,' : '';
  const steps = [
    ...(deletionProtection ? ['switch its deletion protection off'] : []),
    ...(members ? ['delete its instances'] : []),
    'delete it with a final snapshot',
  ];
  return `${what} what it did${guard} and is in nobody's way. When nobody needs it any more, in some days: ${steps.join(', then ')}. No command for that is given here on purpose.`;
}
