//! Sends the JSON objects of standard input, one per line, to a stream:
//!
//! ```sh
//! az account get-access-token --resource https://monitor.azure.com --query accessToken --output tsv > token
//! printf '{"TimeGenerated":"2026-09-01T12:00:00Z","Title_s":"hello"}\n' |
//!     TOKEN_FILE=token cargo run --example send -- https://rule-ab12.westeurope-1.ingest.monitor.azure.com dcr-... Custom-Titles
//! ```
//!
//! A program of your own would take a credential of `azure_identity` instead of a token in a file.

use std::{error::Error, io, process::ExitCode, sync::Arc};

use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    time::{Duration, OffsetDateTime},
};
use logs_ingestion::{Client, Target};
use serde_json::value::RawValue;

/// A token that somebody else has fetched.
#[derive(Debug)]
struct TokenFile(std::path::PathBuf);

#[async_trait]
impl TokenCredential for TokenFile {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        let token = std::fs::read_to_string(&self.0)?.trim().to_owned();
        // How long it lives is not known here; the file is read again after some minutes, and when the service refuses it.
        Ok(AccessToken::new(token, OffsetDateTime::now_utc() + Duration::minutes(10)))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match send().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn send() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, immutable_id, stream] = &arguments[..] else {
        return Err("usage: send ENDPOINT IMMUTABLE_ID STREAM < records".into());
    };
    let token = std::env::var_os("TOKEN_FILE").ok_or("set TOKEN_FILE to a file with an access token")?;
    let client = Client::new(&Target::new(endpoint, immutable_id, stream)?, Arc::new(TokenFile(token.into())))?;
    let mut upload = client.begin();
    for line in io::stdin().lines() {
        let record: Box<RawValue> = serde_json::from_str(&line?)?;
        if upload.push(&record).await.is_err() {
            break;
        }
    }
    let report = upload.finish().await?;
    println!("{} accepted in {} calls, {} refused", report.accepted, report.calls, report.refused.len());
    for refused in &report.refused {
        eprintln!("record {}: {}", refused.position, refused.because);
    }
    Ok(())
}
