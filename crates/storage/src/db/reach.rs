//! What hangs on a row: the rows that refer to it, and those that refer to them.

use super::{dump::PASSING, tables::Table};

/// Rows of a table that were reached.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reached {
    /// The table.
    pub table: String,
    /// Which of its rows, as SQL that names the tenant too.
    pub which: String,
    /// The column by which they were reached, where it may be empty: they live without what they refer to, and nothing that
    /// refers to them was followed.
    pub loosely: Option<String>,
    /// The table whose rows they refer to; none for the rows that it began with.
    pub from: Option<String>,
}

/// The rows `which` of a table with all that refers to them, dependents first. `tenant` and `which` are SQL.
pub(super) fn reached(tables: &[Table], tenant: &str, table: &str, which: &str) -> Vec<Reached> {
    let mut found = Vec::new();
    follow(tables, tenant, table, &format!("tenant_id = {tenant} AND ({which})"), None, &mut found);
    found
}

fn follow(tables: &[Table], tenant: &str, table: &str, which: &str, from: Option<&str>, found: &mut Vec<Reached>) {
    for child in tables {
        for reference in child.references.iter().filter(|reference| reference.table == table) {
            let (column, to) = (&reference.column, &reference.to);
            let points = format!("tenant_id = {tenant} AND {column} IN (SELECT {to} FROM {table} WHERE {which})");
            let may_be_empty = child.columns.iter().any(|known| known.name == *column && known.is_optional);
            if may_be_empty && !PASSING.contains(&child.name.as_str()) {
                found.push(Reached {
                    table: child.name.clone(),
                    which: points,
                    loosely: Some(column.clone()),
                    from: Some(table.to_owned()),
                });
            } else {
                follow(tables, tenant, &child.name, &points, Some(table), found);
            }
        }
    }
    found.push(Reached {
        table: table.to_owned(),
        which: which.to_owned(),
        loosely: None,
        from: from.map(str::to_owned),
    });
}
