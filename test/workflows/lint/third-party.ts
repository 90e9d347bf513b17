import type { Described } from './language-service.ts';

interface Facts {
  readonly required: string;
  readonly optional: string;
  readonly outputs: string;
}

/** The inputs and outputs of others' actions at the commits that are used here, from their action files. */
const ACTIONS: Readonly<Record<string, Facts>> = {
  // v7.0.1
  'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1': {
    required: '',
    optional:
      'repository ref token ssh-key ssh-known-hosts ssh-strict ssh-user persist-credentials path clean filter sparse-checkout sparse-checkout-cone-mode fetch-depth fetch-tags show-progress lfs submodules set-safe-directory github-server-url allow-unsafe-pr-checkout',
    outputs: 'ref commit',
  },
  // v6.2.3
  'aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c': {
    required: 'aws-region',
    optional:
      'aws-profile overwrite-aws-profile role-to-assume aws-access-key-id aws-secret-access-key aws-session-token web-identity-token-file role-chaining audience http-proxy no-proxy mask-aws-account-id role-duration-seconds role-external-id role-session-name role-skip-session-tagging transitive-tag-keys inline-session-policy managed-session-policies output-credentials output-env-credentials unset-current-credentials disable-retry retry-max-attempts special-characters-workaround use-existing-credentials allowed-account-ids force-skip-oidc action-timeout-s custom-tags sts-endpoint',
    outputs: 'aws-account-id aws-access-key-id aws-secret-access-key aws-session-token aws-expiration',
  },
  // v7.0.0
  'actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f': {
    required: 'path',
    optional:
      'name if-no-files-found retention-days compression-level overwrite include-hidden-files archive',
    outputs: 'artifact-id artifact-url artifact-digest',
  },
  // v8.0.1
  'actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c': {
    required: '',
    optional:
      'name artifact-ids path pattern merge-multiple github-token repository run-id skip-decompress digest-mismatch',
    outputs: 'download-path',
  },
  // v7.0.0
  'actions/setup-node@820762786026740c76f36085b0efc47a31fe5020': {
    required: '',
    optional:
      'node-version node-version-file architecture check-latest registry-url scope token cache package-manager-cache cache-dependency-path mirror mirror-token',
    outputs: 'cache-hit cache-primary-key cache-matched-key node-version',
  },
  // v7.0.0
  'actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97': {
    required: '',
    optional:
      'python-version python-version-file cache architecture check-latest token cache-dependency-path update-environment allow-prereleases freethreaded pip-version',
    outputs: 'python-version cache-hit python-path',
  },
  // v5.7.0
  'actions/setup-java@b6effb05e454b25005698d916606bdc6ffcbf961': {
    required: '',
    optional:
      'java-version java-version-file distribution java-package architecture jdk-file jdkFile check-latest set-default verify-signature verify-signature-public-key server-id server-username server-password settings-path overwrite-settings gpg-private-key gpg-passphrase cache cache-dependency-path job-status token mvn-toolchain-id mvn-toolchain-vendor show-download-progress',
    outputs: 'distribution version path cache-hit cache-primary-key',
  },
  // v6.1.0
  'actions/cache@55cc8345863c7cc4c66a329aec7e433d2d1c52a9': {
    required: 'path key',
    optional:
      'restore-keys upload-chunk-size enableCrossOsArchive fail-on-cache-miss lookup-only save-always',
    outputs: 'cache-hit',
  },
  // v4.2.2
  'actions/attest@1e69f48acb82d1966a394da916b4c1698aa569d6': {
    required: '',
    optional:
      'subject-path subject-digest subject-name subject-checksums subject-version sbom-path predicate-type predicate predicate-path push-to-registry create-storage-record show-summary github-token',
    outputs: 'bundle-path attestation-id attestation-url storage-record-ids',
  },
  // v3.2.0
  'actions/create-github-app-token@bcd2ba49218906704ab6c1aa796996da409d3eb1': {
    required: 'private-key',
    optional:
      'client-id app-id owner repositories skip-token-revoke github-api-url permission-contents permission-workflows',
    outputs: 'token installation-id app-slug',
  },
};

const words = (text: string): readonly string[] => text.split(' ').filter(Boolean);

/** What is known of another's action, by its whole reference. */
export function thirdParty(uses: string): Described | undefined {
  const facts = ACTIONS[uses];
  if (!facts) return undefined;
  return {
    inputs: Object.fromEntries([
      ...words(facts.required).map((name) => [name, { required: true }]),
      ...words(facts.optional).map((name) => [name, {}]),
    ]),
    outputs: Object.fromEntries(words(facts.outputs).map((name) => [name, {}])),
  };
}
