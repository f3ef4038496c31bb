//! The compiled descriptors against the table of the protocol: every package, message, field, number, type and cardinality,
//! every enum value and every rpc.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chatelaine_ourchat_pb::DESCRIPTORS;
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};

/// The counts that the protocol states of itself.
const STATED: &str = "58 packages, 4 services, 73 rpcs, 176 messages, 9 enums with 45 values, 421 fields \
                      (79 optional, 16 in a oneof, 29 repeated)";

#[test]
fn golden_descriptors_are_those_of_the_protocol() {
    let set = FileDescriptorSet::decode(DESCRIPTORS).expect("descriptors");
    let ours = || set.file.iter().filter(|file| file.package().starts_with("service."));
    let mut lines = BTreeSet::new();
    let mut counts = Counts::default();
    for file in ours() {
        counts.packages += 1;
        for message in &file.message_type {
            describe(file, message, &mut lines, &mut counts);
        }
        for list in &file.enum_type {
            counts.enums += 1;
            for value in &list.value {
                counts.values += 1;
                lines.insert(format!("{}.{} {} = {}", file.package(), list.name(), value.name(), value.number()));
            }
        }
        for service in &file.service {
            counts.services += 1;
            for rpc in &service.method {
                counts.rpcs += 1;
                let kind = match (rpc.client_streaming(), rpc.server_streaming()) {
                    (false, false) => "unary",
                    (false, true) => "server stream",
                    (true, false) => "client stream",
                    (true, true) => "both stream",
                };
                let (from, to) = (rpc.input_type(), rpc.output_type());
                let (from, to) = (from.trim_start_matches('.'), to.trim_start_matches('.'));
                lines.insert(format!("{}.{}/{} {kind} {from} -> {to}", file.package(), service.name(), rpc.name()));
            }
        }
    }
    assert_eq!(counts.told(), STATED);
    let mut text = String::new();
    lines.iter().for_each(|line| writeln!(text, "{line}").expect("a line"));
    crate::golden::check("ourchat_wire.txt", &text);
}

#[derive(Default)]
struct Counts {
    packages: usize,
    services: usize,
    rpcs: usize,
    messages: usize,
    enums: usize,
    values: usize,
    fields: usize,
    optional: usize,
    one_of: usize,
    repeated: usize,
}

impl Counts {
    fn told(&self) -> String {
        let Counts { packages, services, rpcs, messages, enums, values, fields, optional, one_of, repeated } = self;
        format!(
            "{packages} packages, {services} services, {rpcs} rpcs, {messages} messages, {enums} enums with {values} values, \
             {fields} fields ({optional} optional, {one_of} in a oneof, {repeated} repeated)"
        )
    }
}

fn describe(file: &FileDescriptorProto, message: &DescriptorProto, lines: &mut BTreeSet<String>, counts: &mut Counts) {
    counts.messages += 1;
    let name = format!("{}.{}", file.package(), message.name());
    if message.field.is_empty() {
        lines.insert(format!("{name} (empty)"));
    }
    for field in &message.field {
        counts.fields += 1;
        let cardinality = cardinality(message, field, counts);
        lines.insert(format!("{name} {} {} {} {cardinality}", field.number(), field.name(), kind(field)));
    }
}

fn cardinality(message: &DescriptorProto, field: &FieldDescriptorProto, counts: &mut Counts) -> String {
    if field.proto3_optional() {
        counts.optional += 1;
        return "optional".to_owned();
    }
    if let Some(index) = field.oneof_index {
        counts.one_of += 1;
        let index = usize::try_from(index).expect("an index");
        return format!("oneof {}", message.oneof_decl[index].name());
    }
    if field.label() == Label::Repeated {
        counts.repeated += 1;
        return "repeated".to_owned();
    }
    "singular".to_owned()
}

fn kind(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Message | Type::Enum => field.type_name().trim_start_matches('.').to_owned(),
        Type::String => "string".to_owned(),
        Type::Bytes => "bytes".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Double => "double".to_owned(),
        Type::Int32 => "int32".to_owned(),
        Type::Int64 => "int64".to_owned(),
        Type::Uint32 => "uint32".to_owned(),
        Type::Uint64 => "uint64".to_owned(),
        other => format!("{other:?}"),
    }
}
