/** A policy document, as IAM takes it. */
export type PolicyDocument = Readonly<Record<string, unknown>>;

/** What a role of the scenario may do. */
export interface ScenarioRole {
  /** Its own policies and those that are attached to it. */
  readonly policies: readonly PolicyDocument[];
  /** Its permissions boundary. */
  readonly boundary?: PolicyDocument;
  /** `/` if not given. */
  readonly path?: string;
}

/** Roles of the account by name. */
export type ScenarioRoles = Readonly<Record<string, ScenarioRole>>;

const allow = (Action: readonly string[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
});

/**
 * The execution role that the scenario's task definitions name, with what AWS's own policy for it allows, and all that
 * tasks may refer to.
 */
export const USUAL_ROLES: ScenarioRoles = {
  ecsTaskExecutionRole: {
    policies: [
      allow([
        'ecr:GetAuthorizationToken',
        'ecr:BatchCheckLayerAvailability',
        'ecr:GetDownloadUrlForLayer',
        'ecr:BatchGetImage',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
      ]),
      allow(['secretsmanager:GetSecretValue', 'ssm:GetParameters', 'kms:Decrypt']),
    ],
  },
};
