//! Binding this computer: signs in as its owner for a moment, sends the digests, keeps the machine's own token, and ends the
//! login again. The password comes from the terminal or standard input and is kept nowhere.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use chatelaine_core::secrets::Secret;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Server, Site, Trouble};
use super::state::{Binding, Token};
use super::{Exit, Failure, Here, components, now, plain, put, trust, wait};

/// No account name or password is longer.
const LINE_BYTES_MAX: u64 = 1_024;
/// No authority is longer.
const CA_BYTES_MAX: u64 = 256 * 1024;

/// Where and as whose.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The address of the server.
    #[arg(long, value_name = "URL")]
    server: String,
    /// The handle or e-mail address of your account; asked for if absent.
    #[arg(long, value_name = "WHO")]
    account: Option<String>,
    /// Read the password from standard input instead of asking for it.
    #[arg(long)]
    password_stdin: bool,
    /// What the computer is called; its host name if absent.
    #[arg(long)]
    name: Option<String>,
    /// The server's own authority, from its page /trust, where browsers would not know it.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Let everything, the password too, go over plain http to another computer.
    #[arg(long)]
    insecure_http: bool,
    /// The machine has to show a heartbeat, or turns inactive.
    #[arg(long)]
    heartbeat: bool,
    /// Take the place of this machine of yours, which is let go in the same moment.
    #[arg(long, value_name = "NUMBER")]
    replace: Option<u64>,
    /// Register although this computer is bound from here already.
    #[arg(long)]
    again: bool,
}

#[derive(Deserialize)]
struct SignedIn {
    token: String,
}

#[derive(Deserialize)]
struct Registered {
    machine: Machine,
    token: String,
    #[serde(default)]
    recognised: bool,
    #[serde(default)]
    score: Option<Value>,
}

#[derive(Deserialize)]
struct Machine {
    id: u64,
    account: u64,
    name: String,
    #[serde(default)]
    heartbeat: Value,
}

/// Binds this computer.
pub fn run(here: &Here, args: &Args) -> Result<(), Failure> {
    if let Some(binding) = here.place.read()?.binding.filter(|binding| binding.ended.is_none() && !args.again) {
        let line = format!("this computer is bound at {} already: release it, or add --again", binding.server);
        return Err(Failure::failed(line));
    }
    // Nothing is bound that could not be remembered.
    here.place.change(|_| ())?;
    let ca = args.ca.as_deref().map(authority).transpose()?;
    let server = Server::new(Site::parse(&args.server, args.insecure_http)?, ca.as_deref())?;
    let account = account(args)?;
    let password = password(args.password_stdin)?;
    let name = args.name.clone().unwrap_or_else(|| gethostname::gethostname().to_string_lossy().into_owned());
    let mut asked = json!({ "name": name, "components": components::as_json(&components::measure()) });
    if args.heartbeat {
        put(&mut asked, "heartbeat", true);
    }
    let path = args.replace.map_or("/machines".to_owned(), |number| format!("/machines/{number}/replace"));
    let (keys, registered) = wait(async {
        let keys = trust::fetch(&server).await?;
        Ok((keys, bind(here, &server, (&account, &password), (&path, &asked)).await?))
    })?;
    let binding = Binding {
        server: server.site.url.clone(),
        ca,
        insecure_http: args.insecure_http,
        machine: registered.machine.id,
        account: registered.machine.account,
        name: registered.machine.name.clone(),
        registered_at: now(),
        token: Token(Secret::new(registered.token.clone())),
        notices: 0,
        revoked: 0,
        ended: None,
    };
    here.place.change(move |state| {
        state.saw(binding.registered_at);
        (state.keys, state.beat, state.certificate) = (keys, None, None);
        state.binding = Some(binding);
    })?;
    tell(here, &server, &registered)
}

/// Signs in, registers, and signs out whatever came of it.
async fn bind(
    here: &Here,
    server: &Server,
    (account, password): (&str, &Secret<String>),
    (path, asked): (&str, &Value),
) -> Result<Registered, Failure> {
    let login = json!({ "account": account, "password": password.reveal() });
    let login: SignedIn = server.ask(Method::POST, "/logins", None, Some(&login)).await?;
    let login = Secret::new(login.token);
    let registered = server.ask(Method::POST, path, Some(&login), Some(asked)).await;
    let ended: Result<Value, Trouble> = server.ask(Method::DELETE, "/logins/current", Some(&login), None).await;
    if let Err(trouble) = ended {
        here.warn(&format!("the login of this registration could not be ended: {}", plain(&trouble.words())));
    }
    Ok(registered?)
}

fn tell(here: &Here, server: &Server, registered: &Registered) -> Result<(), Failure> {
    let Registered { machine, recognised, score, .. } = registered;
    let name = plain(&machine.name);
    let how = if *recognised { "is known there and bound again" } else { "is bound" };
    let file = here.place.file();
    let text = format!(
        "This computer, \"{name}\", {how} at {} as machine {}.\nKept in {}.\nNext: {} heartbeat\n",
        server.site.url,
        machine.id,
        file.display(),
        here.door.command()
    );
    let object = json!({
        "server": server.site.url, "machine": machine.id, "account": machine.account, "name": machine.name,
        "recognised": recognised, "score": score, "heartbeat": machine.heartbeat, "state_file": file,
    });
    here.tell(&text, &object)
}

fn authority(file: &Path) -> Result<String, Failure> {
    let unreadable = |why: String| Failure::new(Exit::Certificate, format!("{}: {why}", file.display()));
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(|error| unreadable(error.to_string()))?;
    opened.take(CA_BYTES_MAX).read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))?;
    Ok(text)
}

fn account(args: &Args) -> Result<String, Failure> {
    if let Some(account) = &args.account {
        return Ok(account.clone());
    }
    if args.password_stdin || !io::stdin().is_terminal() {
        return Err(Failure::new(Exit::Usage, "there is no terminal to ask for the account at: add --account"));
    }
    eprint!("Account (handle or e-mail address): ");
    io::stderr().flush()?;
    line()
}

fn password(stdin: bool) -> Result<Secret<String>, Failure> {
    if stdin {
        return line().map(Secret::new);
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::failed(
            "there is no terminal to ask for the password at: add --password-stdin and write it to standard input",
        ));
    }
    Ok(Secret::new(rpassword::prompt_password("Password: ")?))
}

fn line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().lock().take(LINE_BYTES_MAX).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
