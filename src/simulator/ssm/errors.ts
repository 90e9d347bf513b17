import { AwsError } from '../operation.ts';

/** What Systems Manager answers when it refuses: names and words as AWS gives them. */
export const invalid = (message: string): AwsError => new AwsError('ValidationException', message);

/** A member of the request that breaks a constraint of the API's model. */
export const breaks = (member: string, value: unknown, constraint: string): AwsError =>
  invalid(
    `1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: ${constraint}`,
  );

/** AWS gives no message with it. */
export const notFound = (): AwsError => new AwsError('ParameterNotFound', '');

export const versionNotFound = (name: string, selector: string): AwsError =>
  new AwsError(
    'ParameterVersionNotFound',
    `Systems Manager could not find version ${selector} of ${name}. Verify the version and try again.`,
  );

export const alreadyExists = (): AwsError =>
  new AwsError(
    'ParameterAlreadyExists',
    'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
  );

/** AWS gives no message with it. */
export const tooManyUpdates = (): AwsError => new AwsError('TooManyUpdates', '');

export const labelHoldsVersion = (name: string, version: number): AwsError =>
  new AwsError(
    'ParameterMaxVersionLimitExceeded',
    `You attempted to create a new version of ${name} by calling the PutParameter API with the overwrite flag. Version ${version}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.`,
  );

export const badToken = (): AwsError => new AwsError('InvalidNextToken', 'The specified token is not valid.');

export const badResource = (): AwsError =>
  new AwsError(
    'InvalidResourceId',
    'The resource ID is not valid. Verify that you entered the correct ID and try again.',
  );

export const typeMismatch = (): AwsError =>
  new AwsError(
    'HierarchyTypeMismatchException',
    "Parameter Store doesn't support changing a parameter type in a hierarchy. For example, you can't change a parameter from a String type to a SecureString type. You must create a new, unique parameter.",
  );
