/** What a task definition says of a value that it does not hold. */
export type SecretReference =
  | {
      readonly kind: 'secret';
      /** ARN, or what stands where one should. */
      readonly secret: string;
      readonly jsonKey: string | undefined;
      readonly stage: string | undefined;
      readonly version: string | undefined;
    }
  /** A parameter of Systems Manager by its name or ARN. */
  | { readonly kind: 'parameter'; readonly name: string };

/** Where a task definition refers to it, in the user's words: `web: DB_PASSWORD`. */
export interface PlacedReference {
  readonly place: string;
  readonly reference: SecretReference;
}

/**
 * Reads `valueFrom`: the ARN of a secret with up to three further parts (JSON key, version stage, version id), the ARN of
 * a parameter, or a parameter's name.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
 */
export function readSecretReference(valueFrom: string): SecretReference {
  const parts = valueFrom.split(':');
  const [arn, , service] = parts;
  if (arn === 'arn' && service === 'secretsmanager') {
    const [jsonKey, stage, version] = parts.slice(7).map((part) => (part === '' ? undefined : part));
    return { kind: 'secret', secret: parts.slice(0, 7).join(':'), jsonKey, stage, version };
  }
  return { kind: 'parameter', name: valueFrom };
}

/** What a private registry's credentials are: a secret by its ARN or its name, taken whole. */
export const readCredentialsReference = (text: string): SecretReference => ({
  kind: 'secret',
  secret: text,
  jsonKey: undefined,
  stage: undefined,
  version: undefined,
});
