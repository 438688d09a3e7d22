import { UserError } from '../diagnostics/user-error.ts';

/** Why a command is being stopped. @param signal such as SIGTERM */
export function interruption(signal: string, exitCode: number): UserError {
  return new UserError('INTERRUPTED', `stopped by ${signal}`, { exitCode });
}
