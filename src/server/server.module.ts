import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.js';
import type { Log, PlatformConfig } from '../platform/index.js';
import { ObjectsController } from '../storage/index.js';
import { WmsModule } from '../wms/index.js';
import { ConfigurationController } from './configuration.controller.js';
import { HealthController } from './health.controller.js';
import { OpenApiController } from './openapi.controller.js';
import { PilotFilesController } from './pilot-files.controller.js';
import { type OpenThings, PlatformModule } from './platform.module.js';
import { ResourceStatusController } from './resource-status.controller.js';

/** The server program: its parts, and the few controllers that belong to no part. */
@Module({})
export class ServerModule {
  static for(config: PlatformConfig, log: Log, open: OpenThings): DynamicModule {
    return {
      module: ServerModule,
      imports: [PlatformModule.for(config, log, open), AuthModule, WmsModule],
      controllers: [
        ConfigurationController,
        ResourceStatusController,
        HealthController,
        OpenApiController,
        PilotFilesController,
        ObjectsController,
      ],
    };
  }
}
