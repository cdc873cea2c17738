//! Every table as the database itself describes it, and its rows as JSON that is the same on both engines.

use super::{DbError, Result, error::refused};
use base64::{Engine, engine::general_purpose::STANDARD};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, TryGetable, Value};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A row: its columns by name.
pub type Row = Map<String, Json>;

/// The table in which the migrations that were applied are noted.
pub(super) const MIGRATIONS: &str = "seaql_migrations";

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub(super) columns: Vec<Column>,
    /// What its rows refer to, in other tables.
    pub(super) references: Vec<Reference>,
}

/// A reference within a tenant, or to the tenant: `column` says what stands in `to` of `table`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reference {
    pub column: String,
    pub table: String,
    pub to: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub name: String,
    kind: Kind,
    pub is_optional: bool,
    /// Place within the primary key, from 1; 0 when it is not part of it.
    key: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, strum::EnumString)]
enum Kind {
    #[strum(serialize = "uuid")]
    Uuid,
    #[strum(serialize = "text")]
    Text,
    #[strum(serialize = "bigint")]
    Integer,
    #[strum(serialize = "boolean")]
    Boolean,
    #[strum(serialize = "double precision")]
    Real,
    #[strum(serialize = "bytea")]
    Bytes,
}

const SQLITE: &str = "SELECT t.name, c.name, lower(c.type), c.pk, c.\"notnull\" = 0 AND c.pk = 0 FROM sqlite_master t, pragma_table_info(t.name) c \
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY t.name, c.cid";
const POSTGRES: &str = "SELECT c.table_name::text, c.column_name::text, c.data_type::text, \
      coalesce((SELECT array_position(i.indkey::int2[], c.ordinal_position::int2) + 1 FROM pg_index i \
        WHERE i.indisprimary AND i.indrelid = format('%I.%I', c.table_schema, c.table_name)::regclass), 0)::bigint, \
      c.is_nullable = 'YES' \
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) \
    WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' ORDER BY 1, c.ordinal_position";
const SQLITE_REFERENCES: &str = "SELECT t.name, f.\"from\", f.\"table\", f.\"to\" \
    FROM sqlite_master t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table' ORDER BY 1, 2, 3";
const POSTGRES_REFERENCES: &str = "SELECT a.relname::text, x.attname::text, b.relname::text, y.attname::text FROM pg_constraint c \
    JOIN pg_class a ON a.oid = c.conrelid JOIN pg_class b ON b.oid = c.confrelid \
    CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (mine, theirs) \
    JOIN pg_attribute x ON x.attrelid = a.oid AND x.attnum = k.mine \
    JOIN pg_attribute y ON y.attrelid = b.oid AND y.attnum = k.theirs \
    WHERE c.contype = 'f' AND a.relnamespace = current_schema()::regnamespace ORDER BY 1, 2, 3";

/// Every table but that of the migrations; a table stands after those that it refers to.
pub(super) async fn tables(conn: &impl ConnectionTrait) -> Result<Vec<Table>> {
    let engine = conn.get_database_backend();
    let (columns, references) = match engine {
        DbBackend::Postgres => (POSTGRES, POSTGRES_REFERENCES),
        _ => (SQLITE, SQLITE_REFERENCES),
    };
    let mut found: BTreeMap<String, Table> = BTreeMap::new();
    for row in conn.query_all_raw(Statement::from_string(engine, columns)).await? {
        let table: String = row.try_get_by_index(0)?;
        let (name, declared, key): (String, String, i64) =
            (row.try_get_by_index(1)?, row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let is_optional = row.try_get_by_index(4)?;
        if table == MIGRATIONS {
            continue;
        }
        let kind = declared.parse().map_err(|_| DbError::Corrupt { what: "column type", value: declared })?;
        let entry = found.entry(table.clone());
        let entry = entry.or_insert_with(|| Table { name: table, columns: Vec::new(), references: Vec::new() });
        entry.columns.push(Column { name, kind, is_optional, key });
    }
    for row in conn.query_all_raw(Statement::from_string(engine, references)).await? {
        let text = |index| row.try_get_by_index::<String>(index);
        let (from, reference) = (text(0)?, Reference { column: text(1)?, table: text(2)?, to: text(3)? });
        // The tenant beside an id only keeps the reference within the wall.
        let beside = reference.column == "tenant_id" && reference.table != "tenants";
        if let Some(table) = found.get_mut(&from).filter(|_| from != reference.table && !beside) {
            table.references.push(reference);
        }
    }
    in_order(found)
}

fn in_order(mut left: BTreeMap<String, Table>) -> Result<Vec<Table>> {
    let mut ordered: Vec<Table> = Vec::new();
    while !left.is_empty() {
        let free = left.values().find(|table| table.references.iter().all(|to| !left.contains_key(&to.table)));
        let Some(name) = free.map(|table| table.name.clone()) else {
            return Err(DbError::Refused("tables refer to each other in a circle".into()));
        };
        ordered.extend(left.remove(&name));
    }
    Ok(ordered)
}

impl Table {
    /// Which of its columns tells the tenant, if its rows belong to one.
    pub fn tenant_column(&self) -> Option<&'static str> {
        let has = |name| self.columns.iter().any(|column| column.name == name);
        if self.name == "tenants" { Some("id") } else { has("tenant_id").then_some("tenant_id") }
    }

    /// Reads its rows in the order of the primary key, those of one tenant or all.
    pub(super) fn select(&self, engine: DbBackend, tenant: Option<Uuid>) -> Result<Statement> {
        let (only, values) = match (tenant, self.tenant_column()) {
            (None, _) => ("true".to_owned(), vec![]),
            (Some(tenant), Some(column)) => (format!("{column} = $1"), vec![Value::from(tenant)]),
            (Some(_), None) => return Err(DbError::Refused(format!("{} belongs to no tenant", self.name))),
        };
        Ok(Statement::from_sql_and_values(engine, self.select_where(engine, &only), values))
    }

    /// Reads rows in the order of the primary key; `only` is SQL that says which.
    pub(super) fn select_where(&self, engine: DbBackend, only: &str) -> String {
        let names: Vec<_> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let mut key: Vec<_> = self.columns.iter().filter(|column| column.key > 0).collect();
        key.sort_by_key(|column| column.key);
        // As bytes, whatever the language of the database.
        let by = |column: &&Column| match (column.kind, engine) {
            (Kind::Text, DbBackend::Postgres) => format!("{} COLLATE \"C\"", column.name),
            _ => column.name.clone(),
        };
        let order: Vec<_> = key.iter().map(by).collect();
        format!("SELECT {} FROM {} WHERE {only} ORDER BY {}", names.join(", "), self.name, order.join(", "))
    }

    /// The row that the database gave.
    pub(super) fn row(&self, found: &QueryResult) -> Result<Row> {
        let cell = |column: &Column| Ok((column.name.clone(), column.kind.json(found, &column.name)?));
        self.columns.iter().map(cell).collect()
    }

    /// The values of a row, in the order of the columns.
    pub(super) fn values(&self, mut row: Row) -> Result<Vec<Value>> {
        let cell = |column: &Column| {
            let json = row.remove(&column.name).unwrap_or(Json::Null);
            column.kind.value(&json).ok_or_else(|| refused(format!("{}.{}: {json}", self.name, column.name)))
        };
        let values = self.columns.iter().map(cell).collect::<Result<_>>()?;
        match row.keys().next() {
            Some(unknown) => Err(refused(format!("{} has no column {unknown}", self.name))),
            None => Ok(values),
        }
    }
}

impl Kind {
    fn json(self, row: &QueryResult, column: &str) -> Result<Json> {
        fn get<T: TryGetable + Into<Json>>(row: &QueryResult, column: &str) -> Result<Json> {
            Ok(row.try_get::<Option<T>>("", column)?.map_or(Json::Null, Into::into))
        }
        match self {
            Self::Uuid => Ok(row.try_get::<Option<Uuid>>("", column)?.map_or(Json::Null, |id| id.to_string().into())),
            Self::Text => get::<String>(row, column),
            Self::Integer => get::<i64>(row, column),
            Self::Boolean => get::<bool>(row, column),
            // As text, which is read back as the very same number.
            Self::Real => Ok(row.try_get::<Option<f64>>("", column)?.map_or(Json::Null, |x| x.to_string().into())),
            Self::Bytes => {
                Ok(row.try_get::<Option<Vec<u8>>>("", column)?.map_or(Json::Null, |b| STANDARD.encode(b).into()))
            }
        }
    }

    /// `None` when the JSON is not of this kind.
    fn value(self, json: &Json) -> Option<Value> {
        let given = !json.is_null();
        fn checked<T>(given: bool, found: Option<T>) -> Option<Option<T>> {
            (given == found.is_some()).then_some(found)
        }
        Some(match self {
            Self::Uuid => Value::Uuid(checked(given, json.as_str().and_then(|text| text.parse().ok()))?),
            Self::Text => Value::String(checked(given, json.as_str().map(str::to_owned))?),
            Self::Integer => Value::BigInt(checked(given, json.as_i64())?),
            Self::Boolean => Value::Bool(checked(given, json.as_bool())?),
            Self::Real => Value::Double(checked(given, json.as_str().and_then(|text| text.parse().ok()))?),
            Self::Bytes => Value::Bytes(checked(given, json.as_str().and_then(|text| STANDARD.decode(text).ok()))?),
        })
    }
}
