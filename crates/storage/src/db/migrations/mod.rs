//! The schema, one file per change. The files are plain SQL in the dialect that both engines share; what each says in its own
//! way, such as a trigger, stands in a file per engine.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(Sql { name: "0001_initial", up: include_str!("0001_initial.sql") }),
            Box::new(Sql { name: "0002_jobs_again", up: include_str!("0002_jobs_again.sql") }),
            Box::new(Sql { name: "0003_language_uses", up: include_str!("0003_language_uses.sql") }),
            Box::new(Sql { name: "0004_parts", up: include_str!("0004_parts.sql") }),
            Box::new(Sql { name: "0005_removals", up: include_str!("0005_removals.sql") }),
            Box::new(Sql { name: "0006_sweeps", up: include_str!("0006_sweeps.sql") }),
            Box::new(Sql { name: "0007_people", up: include_str!("0007_people.sql") }),
            Box::new(PerEngine {
                name: "0007_people_triggers",
                sqlite: include_str!("0007_people.sqlite.sql"),
                postgres: include_str!("0007_people.postgres.sql"),
            }),
            Box::new(Sql { name: "0008_api_keys", up: include_str!("0008_api_keys.sql") }),
            Box::new(Sql { name: "0009_minutes", up: include_str!("0009_minutes.sql") }),
            Box::new(PerEngine {
                name: "0009_minutes_triggers",
                sqlite: include_str!("0009_minutes.sqlite.sql"),
                postgres: include_str!("0009_minutes.postgres.sql"),
            }),
            Box::new(Sql { name: "0010_users", up: include_str!("0010_users.sql") }),
            Box::new(Sql { name: "0011_webhooks", up: include_str!("0011_webhooks.sql") }),
            Box::new(PerEngine {
                name: "0012_minutes_restored",
                sqlite: include_str!("0012_minutes_restored.sqlite.sql"),
                postgres: include_str!("0012_minutes_restored.postgres.sql"),
            }),
            Box::new(Sql { name: "0012_tasks", up: include_str!("0012_tasks.sql") }),
            Box::new(Sql { name: "0013_second_factor", up: include_str!("0013_second_factor.sql") }),
            Box::new(Sql { name: "0014_erasures", up: include_str!("0014_erasures.sql") }),
            Box::new(Sql { name: "0015_openid", up: include_str!("0015_openid.sql") }),
            Box::new(Sql { name: "0015_second_factor_required", up: include_str!("0015_second_factor_required.sql") }),
            Box::new(Sql { name: "0016_operator_accesses", up: include_str!("0016_operator_accesses.sql") }),
            Box::new(Sql { name: "0017_retention", up: include_str!("0017_retention.sql") }),
            Box::new(Sql { name: "0018_frames", up: include_str!("0018_frames.sql") }),
            Box::new(Sql { name: "0018_legal_holds", up: include_str!("0018_legal_holds.sql") }),
            Box::new(Sql { name: "0018_notices", up: include_str!("0018_notices.sql") }),
            Box::new(Sql { name: "0019_task_attachments", up: include_str!("0019_task_attachments.sql") }),
            Box::new(Sql { name: "0021_person_exports", up: include_str!("0021_person_exports.sql") }),
        ]
    }
}

/// Names of all of them, oldest first.
pub fn names() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

struct Sql {
    name: &'static str,
    up: &'static str,
}

impl MigrationName for Sql {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Sql {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.up).await.map(|_| ())
    }
}

struct PerEngine {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

impl MigrationName for PerEngine {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for PerEngine {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let up = if manager.get_database_backend() == DbBackend::Postgres { self.postgres } else { self.sqlite };
        manager.get_connection().execute_unprepared(up).await.map(|_| ())
    }
}
