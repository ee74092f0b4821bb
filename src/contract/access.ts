/** Properties that a group gives to its members; the names are DIRAC's. */
export const properties = [
  'NormalUser',
  'JobAdministrator',
  'JobSharing',
  'GenericPilot',
  'ServiceAdministrator',
] as const;
export type Property = (typeof properties)[number];

/**
 * Who may call a route, in words. A route names one of these; `auth` enforces it, and the finer rule
 * (own jobs, own VO) is applied to the rows that the call names.
 */
export const accessRules = {
  public: 'Anybody, without a token',
  user: 'Any signed-in user',
  'submit-jobs': 'A user with NormalUser',
  'read-jobs': 'A user with NormalUser (jobs of the own VO) or JobAdministrator',
  'manage-jobs': 'A user with NormalUser (own jobs), or JobAdministrator or GenericPilot (jobs of the own VO)',
  'use-sandboxes': 'A user with NormalUser (own sandboxes) or JobAdministrator',
  'create-sandboxes': 'A user with NormalUser',
  'read-pilots': 'Any user of the VO; not pilots',
  'register-pilots': 'ServiceAdministrator, or GenericPilot for its own VO',
  'set-resources': 'A user with ServiceAdministrator (any VO), or JobAdministrator (the own VO)',
  administer: 'A user with ServiceAdministrator',
  pilot: 'A pilot, for itself',
  attempt: 'The holder of one attempt of one job, for that attempt',
} as const;

/** The name of a rule of {@link accessRules}. */
export type Access = keyof typeof accessRules;
