import type { Operations } from '../operation.ts';
import { authorizationOperations } from './authorization.ts';
import { imageOperations } from './images.ts';
import type { Registries } from './registries.ts';
import { repositoryOperations } from './repositories.ts';
import { scanOperations } from './scans.ts';

/** Every operation of Amazon ECR that the simulator knows. */
export const registryOperations = (registries: Registries): Operations => ({
  ...authorizationOperations(registries),
  ...repositoryOperations(registries),
  ...imageOperations(registries),
  ...scanOperations(registries),
});
