import type { Configuration, VirtualOrganisation } from '../configuration/index.js';

type Section = Record<string, unknown>;

/** Sections of a VO that DiracX leaves to its extensions; it shows them as null where nobody has filled them. */
const free =
  'Cloud DataConsistency DataManagement EMail GaudiExecution Hospital JobScheduling JobTypeMapping LogFiles LogStorage ' +
  'Logging Matching MonitoringBackends NagiosConnector Pilot Productions Shares Shifter SiteSEMappingByProtocol ' +
  'TransformationPlugins Transformations ResourceStatus';

/**
 * The configuration as DiracX would show it: what of it has a meaning here, under DiracX's names. Left out on purpose:
 * users (DiracX shows everybody's subject and address to everybody), settings of CEs and storage elements (they may hold
 * secrets). Modules of DIRAC that do not exist here are null. Pure.
 */
export function diracxConfiguration({ vos }: Configuration): Section {
  const byVo = (section: (vo: VirtualOrganisation) => Section): Section =>
    Object.fromEntries(Object.entries(vos).map(([name, vo]) => [name, section(vo)]));
  return {
    DIRAC: { NoSetup: true },
    Operations: byVo(operations),
    Registry: byVo(registry),
    Resources: { Computing: { OSCompatibility: {} } },
    LocalSite: null,
    LogLevel: null,
    MCTestingDestination: null,
    Systems: null,
    WebApp: null,
  };
}

function operations({ jobs, see_all_jobs }: VirtualOrganisation): Section {
  return {
    EnableSecurityLogging: false,
    InputDataPolicy: null,
    JobDescription: {
      DefaultCPUTime: jobs.default_cpu_work,
      DefaultPriority: jobs.default_priority,
      MinCPUTime: jobs.min_cpu_work,
      MinPriority: jobs.min_priority,
      MaxCPUTime: jobs.max_cpu_work,
      MaxPriority: jobs.max_priority,
      MaxInputData: jobs.max_input_data,
      AllowedJobTypes: jobs.job_types,
    },
    Services: {
      Catalogs: {},
      JobMonitoring: { GlobalJobsInfo: see_all_jobs },
      JobScheduling: { EnableSharesCorrection: false, MaxRescheduling: jobs.max_rescheduling },
    },
    SoftwareDistModule: null,
    ...Object.fromEntries(free.split(' ').map((name) => [name, null])),
  };
}

/** There is no sign-in through an identity provider yet, and there are neither proxies nor quotas of storage. */
function registry({ groups, default_group, support }: VirtualOrganisation): Section {
  return {
    IdP: { URL: '', ClientID: '' },
    Support: { Email: support.email, Webpage: support.webpage, Message: support.message },
    DefaultGroup: default_group,
    DefaultStorageQuota: 0,
    DefaultProxyLifeTime: 0,
    VOMSName: null,
    Users: {},
    Groups: Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, groupSection(group)])),
  };
}

function groupSection({ share, properties }: VirtualOrganisation['groups'][string]): Section {
  return {
    AutoAddVOMS: false,
    AutoUploadPilotProxy: false,
    AutoUploadProxy: false,
    JobShare: share,
    Properties: properties.toSorted(),
    Quota: null,
    Users: [],
    AllowBackgroundTQs: false,
    VOMSRole: null,
    AutoSyncVOMS: false,
  };
}
