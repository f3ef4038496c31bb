//! The OpenAPI document: the same routes as the table, and every answer that a transcript saw fits its schema.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::client::Ask;
use crate::golden;
use crate::world::World;

/// Method, path, status and JSON of an answer.
pub type Seen = (String, String, u16, Option<Value>);

#[test]
fn the_document_and_the_table_name_the_same_routes() {
    let document = serde_json::to_value(chatelaine_web::document()).expect("JSON");
    let mut told = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("methods").keys() {
            told.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let table: BTreeSet<String> =
        chatelaine_web::table().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(table.difference(&told).collect::<Vec<_>>(), Vec::<&String>::new(), "not in the document");
    assert_eq!(told.difference(&table).collect::<Vec<_>>(), Vec::<&String>::new(), "not in the table");
    golden::check("routes_web.txt", &(table.into_iter().collect::<Vec<_>>().join("\n") + "\n"));
}

#[test]
fn the_document_is_served_and_is_openapi_3_1() {
    let world = World::new();
    let served = Ask::new("GET", "/api/v1/openapi.json").send(world.address).expect(200).json();
    assert!(served["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    assert_eq!(served, serde_json::to_value(chatelaine_web::document()).expect("JSON"));
}

/// Checks every answer against the schema that the document promises for it.
pub fn fits(seen: &[Seen]) {
    let document = serde_json::to_value(chatelaine_web::document()).expect("JSON");
    for (method, path, status, body) in seen {
        let Some(body) = body else { continue };
        let path = path.strip_prefix("/api/v1").unwrap_or(path).split('?').next().unwrap_or_default();
        let Some(operation) = operation(&document, method, path) else {
            assert!(*status == 404 || *status == 405, "{method} {path} is not in the document and answered {status}");
            continue;
        };
        let responses = &operation["responses"];
        let response = responses.get(status.to_string()).unwrap_or(&responses["default"]);
        let content = response["content"].as_object().unwrap_or_else(|| panic!("{method} {path} {status}: no schema"));
        let schema = &content.values().next().expect("a schema")["schema"];
        if let Err(flaw) = check(&document, schema, body, "") {
            panic!("{method} {path} {status}: {flaw}\n{body:#}");
        }
    }
}

/// The operation whose path has the most fixed words.
fn operation<'a>(document: &'a Value, method: &str, path: &str) -> Option<&'a Value> {
    let fits = |template: &str| {
        let (a, b): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        a.len() == b.len() && a.iter().zip(&b).all(|(known, given)| known.starts_with('{') || known == given)
    };
    let paths = document["paths"].as_object()?;
    let method = method.to_lowercase();
    let found = paths.iter().filter(|(template, item)| fits(template) && item.get(&method).is_some());
    found.min_by_key(|(template, _)| template.matches('{').count()).and_then(|(_, item)| item.get(&method))
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        let found = &document["components"]["schemas"][name];
        return if found.is_null() {
            Err(format!("{at}: no schema {name}"))
        } else {
            check(document, found, value, at)
        };
    }
    for word in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[word].as_array() {
            let tried: Vec<_> = choices.iter().map(|choice| check(document, choice, value, at)).collect();
            return tried.iter().find(|one| one.is_ok()).unwrap_or(&tried[0]).clone();
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        // What one part does not know another may: each part is checked against the members that it names.
        for part in parts {
            check(document, part, &known_to(document, part, value), at)?;
        }
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{at}: {value} is not one of {words:?}"));
    }
    types(schema, value, at)?;
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            return Err(format!("{at}: {name} is missing"));
        }
    }
    if let (Some(known), Some(members)) = (schema["properties"].as_object(), value.as_object()) {
        for (name, member) in members {
            let at = format!("{at}.{name}");
            match known.get(name) {
                Some(schema) => check(document, schema, member, &at)?,
                None if schema.get("allOf").is_some() => {}
                None => return Err(format!("{at} is not in the document")),
            }
        }
    }
    if let Some(items) = value.as_array() {
        items.iter().try_for_each(|item| check(document, &schema["items"], item, &format!("{at}[]")))?;
    }
    Ok(())
}

/// The members of a value that a schema names.
fn known_to(document: &Value, schema: &Value, value: &Value) -> Value {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    let schema = name.map_or(schema, |name| &document["components"]["schemas"][name]);
    match (schema["properties"].as_object(), value.as_object()) {
        (Some(known), Some(members)) => Value::Object(
            members.iter().filter(|(name, _)| known.contains_key(*name)).map(|(n, v)| (n.clone(), v.clone())).collect(),
        ),
        _ => value.clone(),
    }
}

fn types(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let fits = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    };
    let right = match &schema["type"] {
        Value::String(name) => fits(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(fits),
        _ => true,
    };
    if right { Ok(()) } else { Err(format!("{at}: {value} is no {}", schema["type"])) }
}
