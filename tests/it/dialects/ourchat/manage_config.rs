//! The configuration: what is shown of it, what changes at once, what waits for the next start, and what is refused.

use chatelaine::config::{self, Config};
use chatelaine_core::{Caller, settings};
use chatelaine_ourchat_pb::service::basic::support::v1::SupportRequest;
use chatelaine_ourchat_pb::service::server_manage::config::v1::{
    GetConfigRequest, SetConfigRequest, SetConfigResponse,
};
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::GetMonitoringMetricsRequest;
use serde_json::{Value, json};
use tonic::{Code, Response, Status};

use super::harness::{Line, refused, registration};
use super::town::{Citizen, Town};
use crate::world::World;

impl Citizen {
    async fn config(&self) -> Value {
        let shown =
            self.manage().get_config(self.ask(GetConfigRequest {})).await.expect("a configuration").into_inner();
        serde_json::from_str(&shown.content).expect("JSON")
    }

    async fn configures(&self, content: &Value) -> Result<Response<SetConfigResponse>, Status> {
        self.writes(&content.to_string()).await
    }

    async fn writes(&self, content: &str) -> Result<Response<SetConfigResponse>, Status> {
        self.manage().set_config(self.ask(SetConfigRequest { content: content.to_owned() })).await
    }

    /// A change that takes effect at once.
    async fn changes(&self, content: &Value) {
        let answer = self.configures(content).await.expect("changed").into_inner();
        let message = "Configuration updated successfully. Changes applied immediately.".to_owned();
        let expected =
            SetConfigResponse { success: true, message, requires_restart: false, restart_reasons: Vec::new() };
        assert_eq!(answer, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_six_groups_and_the_keys_of_the_panel_are_shown_without_secrets() {
    let town = Town::of(World::with_sets(&["ourchat.voip.turn_password=hush", "ourchat.user_files_limit=10MiB"]));
    let chief = town.administrator("chief");
    let shown = chief.config().await;
    for group in ["main_cfg", "db_cfg", "redis_cfg", "rabbitmq_cfg", "user_setting", "http_cfg"] {
        assert!(shown[group].is_object(), "{group}");
    }
    let expected = json!({
        "auto_clean_duration": "1d", "user_files_limit": "10MiB", "friends_number_limit": 5000,
        "verification_expire_time": "3d", "files_storage_path": "", "files_save_time": "10d", "single_instance": true,
        "leader_node": true, "log_clean_duration": "30d", "require_email_verification": false,
        "unregister_policy": "disable", "ip": "::", "port": 7777, "enable_matrix": false, "run_migration": false,
        "rate_limit_enable": true, "num_of_burst_requests": 16, "replenish_duration": "500ms", "tls_enable": true,
        "client_certificate_required": false, "m_cost": 64, "t_cost": 1, "p_cost": 1, "output_len": 32,
        "debug_console": false, "debug_console_port": 7776, "empty_room_keep_duration": "10m", "oauth_enable": false,
        "github_client_id": "",
    });
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&shown[key], value, "{key}");
    }
    assert_eq!(shown["main_cfg"]["user_files_limit"], "10MiB");
    assert_eq!(shown["http_cfg"]["rate_limit"]["num_of_burst_requests"], 16);
    assert_eq!(shown["main_cfg"]["password_hash"]["m_cost"], 64);
    let text = shown.to_string();
    assert!(!text.contains("hush") && !text.contains("secret") && !text.contains("passw\""), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_in_force_at_once_in_both_forms_and_is_an_administrators_change_like_any_other() {
    let town = Town::of(World::with_sets(&[]));
    let (chief, ann) = (town.administrator("chief"), town.citizen("ann"));
    let line = Line::to(&town.world);
    let support = async || line.basic().support(SupportRequest {}).await.expect("support").into_inner().support_page;
    assert_eq!(support().await, None);
    chief.changes(&json!({ "user_setting": { "support_page": "https://help.example.org" } })).await;
    assert_eq!(support().await.as_deref(), Some("https://help.example.org"));
    chief.changes(&json!({ "main_cfg": { "password_strength_limit": 4 } })).await;
    let mut weak = registration("weak");
    weak.password = "guess-me-9".to_owned();
    refused(line.auth().register(weak).await, Code::InvalidArgument, "Password Is Not Strong Enough");
    let figures = async || ann.manage().get_monitoring_metrics(ann.ask(GetMonitoringMetricsRequest::default())).await;
    figures().await.expect("figures");
    chief.changes(&json!({ "main_cfg": { "enable_metrics": false } })).await;
    refused(figures().await, Code::Unimplemented, "Metrics are disabled in configuration");
    chief.changes(&json!({ "m_cost": "128", "t_cost": 2, "p_cost": 4, "output_len": 64 })).await;
    assert_eq!(town.world.core.settings().accounts.hash_memory_kib, 128);
    let listed = chief.web.get("/admin/settings").expect(200).json();
    let items = listed["items"].as_array().expect("items").clone();
    let of = |name: &str| items.iter().find(|item| item["name"] == name).unwrap_or(&Value::Null)["value"].clone();
    assert_eq!((of("accounts.hash_memory_kib"), of("ourchat.enable_metrics")), (json!("128"), json!("false")));
    settings::reset(&town.world.core, &Caller::operator(), "ourchat.enable_metrics").expect("taken back");
    figures().await.expect("figures again");
    assert_eq!(chief.config().await["m_cost"], 128);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_at_the_start_is_kept_for_the_next_and_each_such_key_is_named() {
    let town = Town::of(World::with_sets(&["listen.address=127.0.0.1:7777"]));
    let chief = town.administrator("chief");
    let wish = json!({ "ip": "127.0.0.2", "port": "8888", "tls_enable": false, "num_of_burst_requests": 17 });
    let answer = chief.configures(&wish).await.expect("kept").into_inner();
    assert_eq!(answer.message, "Configuration updated. Server restart required for: ip, port, tls_enable");
    let reasons = ["ip", "port", "tls_enable"].map(|key| format!("Field '{key}' requires restart"));
    assert_eq!((answer.success, answer.requires_restart, answer.restart_reasons), (true, true, reasons.to_vec()));
    let shown = chief.config().await;
    assert_eq!(
        (&shown["ip"], &shown["port"], &shown["tls_enable"]),
        (&json!("127.0.0.2"), &json!(8888), &json!(false))
    );
    chief.changes(&shown).await;
    let next = config::with_changes(&Config::default(), &town.world.core.settings());
    assert_eq!(next.listen.address, ["127.0.0.2:8888".parse().expect("an address")]);
    assert_eq!((next.tls.mode, next.ourchat.rate_burst), (config::TlsMode::Off, 17));
    let listed = chief.web.get("/admin/settings").expect(200).json().to_string();
    assert!(!listed.contains("listen.address"), "pages show what is in force");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_with_the_reason_and_changes_nothing() {
    let town = Town::of(World::with_sets(&[]));
    let chief = town.administrator("chief");
    let before = chief.config().await;
    for (content, why) in [
        ("{", "Invalid JSON: EOF while parsing an object at line 1 column 1"),
        ("", "Invalid JSON: EOF while parsing a value at line 1 column 0"),
        ("[]", "an object is needed"),
        (r#"{"main_cfg": 1}"#, "main_cfg: an object is needed"),
        (r#"{"port": 65536}"#, "port: a port from 0 to 65535 is needed"),
        (r#"{"ip": "here"}"#, "ip: an IP address is needed"),
        (r#"{"tls_enable": 1}"#, "tls_enable: true or false is needed"),
        (r#"{"m_cost": 128, "user_files_limit": true}"#, "user_files_limit: a size like \"100MiB\" is needed"),
        (
            r#"{"github_client_secret": "x"}"#,
            "github_client_secret: secrets are set in the settings file of the server",
        ),
    ] {
        refused(chief.writes(content).await, Code::InvalidArgument, why);
    }
    for content in [json!({ "m_cost": 128, "t_cost": 99 }), json!({ "replenish_duration": "soon", "m_cost": 128 })] {
        let status = chief.configures(&content).await.expect_err("refused");
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().contains("allowed: "), "{}", status.message());
    }
    assert_eq!(chief.config().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_about_things_that_are_not_here_change_nothing() {
    let town = Town::of(World::with_sets(&[]));
    let chief = town.administrator("chief");
    let before = chief.config().await;
    chief
        .changes(&json!({ "host": "localhost", "port": 5432, "user": "postgres", "passwd": "x", "db": "ourchat" }))
        .await;
    chief
        .changes(&json!({ "host": "mq", "port": 5672, "user": "x", "passwd": "y", "vhost": "/", "manage_port": 1 }))
        .await;
    chief.changes(&json!({ "debug_console": true, "leader_node": false, "unheard_of": { "a": [1, null] } })).await;
    chief.changes(&json!({})).await;
    assert_eq!(chief.config().await, before);
}
