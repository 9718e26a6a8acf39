//! One container: blobs that are written by compare-and-set, with what a listing shall show in their metadata. Each write carries a
//! mark of its own; where an answer was lost, or a repetition met its own first try, the mark tells whether the write is ours.

use std::collections::HashMap;
use std::sync::Arc;

use azure_core::http::{ClientOptions, Etag, StatusCode};
use azure_storage_blob::models::{
    BlobClientDeleteOptions, BlobClientGetPropertiesResultHeaders, BlobClientUploadOptions, BlobContainerClientListBlobsOptions,
    ListBlobsIncludeItem,
};
use azure_storage_blob::{BlobContainerClient, BlobContainerClientOptions};
use bytes::Bytes;
use futures_util::TryStreamExt;

use super::wire::{Endpoint, Fresh, code, explain, said};
use crate::clock::{Chance, Clock};
use crate::store::StoreError;

/// Metadata: the mark of a write.
const MARK: &str = "mark";
/// Names on a page of a listing, as many as Azure gives; few in tests, so that they turn pages.
const PAGE: i32 = if cfg!(test) { 40 } else { 5000 };
/// A listing never asks for more pages.
pub(super) const PAGES: usize = 200;

/// What a listing shows of a blob.
pub(super) type Shown = HashMap<String, String>;

/// What has to be true for a write.
#[derive(Clone, Copy)]
pub(super) enum If<'a> {
    /// Nothing.
    Any,
    /// There is no such blob.
    Missing,
    /// It has this entity tag.
    Tag(&'a str),
}

pub(super) struct Blobs {
    client: Fresh<BlobContainerClient>,
    chance: Arc<Chance>,
    clock: Arc<dyn Clock>,
}

impl Blobs {
    pub(super) fn new(
        endpoint: &Arc<Endpoint>,
        container: &str,
        options: ClientOptions,
        chance: Arc<Chance>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let container = container.to_owned();
        let client = Fresh::new(endpoint, move |address| {
            let options = BlobContainerClientOptions { client_options: options.clone(), ..BlobContainerClientOptions::default() };
            BlobContainerClient::new(address.of(&container), address.credential.clone(), Some(options))
                .map_err(|error| explain("opening the container", &error))
        })?;
        Ok(Self { client, chance, clock })
    }

    /// Makes the container unless it is there.
    pub(super) async fn create(&self) -> Result<(), StoreError> {
        match self.client.get().create(None).await {
            Ok(_) => Ok(()),
            Err(error) if said(&error, StatusCode::Conflict) && code(&error) == "ContainerAlreadyExists" => Ok(()),
            Err(error) => Err(explain("making the container", &error)),
        }
    }

    /// Content and entity tag.
    pub(super) async fn get(&self, name: &str) -> Result<Option<(Bytes, String)>, StoreError> {
        let failed = |error| explain("reading from storage", &error);
        let found = match self.client.get().blob_client(name).download(None).await {
            Ok(found) => found,
            Err(error) if said(&error, StatusCode::NotFound) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let Some(tag) = found.properties.etag else {
            return Err(StoreError::Damaged("storage gave a blob without an entity tag".to_owned()));
        };
        let bytes = found.body.collect().await.map_err(failed)?;
        Ok(Some((bytes, tag.as_ref().to_owned())))
    }

    /// Entity tag and metadata.
    async fn head(&self, name: &str) -> Result<Option<(String, Shown)>, StoreError> {
        let failed = |error| explain("looking into storage", &error);
        let found = match self.client.get().blob_client(name).get_properties(None).await {
            Ok(found) => found,
            Err(error) if said(&error, StatusCode::NotFound) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let tag = found.etag().map_err(failed)?.map(|tag| tag.as_ref().to_owned()).unwrap_or_default();
        Ok(Some((tag, found.metadata().map_err(failed)?)))
    }

    pub(super) async fn exists(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.head(name).await?.is_some())
    }

    /// Writes if `condition` holds; answers the new entity tag, or `None` when it does not hold.
    pub(super) async fn put(
        &self,
        name: &str,
        condition: If<'_>,
        bytes: Bytes,
        shown: Shown,
    ) -> Result<Option<String>, StoreError> {
        let mut shown = shown;
        let mark = self.chance.id(self.clock.now()).simple().to_string();
        shown.insert(MARK.to_owned(), mark.clone());
        let mut written = self.upload(name, condition, &bytes, &shown).await;
        if written.as_ref().is_err_and(|error| code(error) == "ContainerNotFound") {
            self.create().await?;
            written = self.upload(name, condition, &bytes, &shown).await;
        }
        let error = match written {
            Ok(tag) => return Ok(Some(tag)),
            Err(error) => error,
        };
        let refused = matches!(condition, If::Tag(_) | If::Missing)
            && (said(&error, StatusCode::PreconditionFailed)
                || code(&error) == "BlobAlreadyExists"
                || said(&error, StatusCode::NotFound));
        let unanswered = error.http_status().is_none_or(|status| u16::from(status) >= 500);
        if !refused && !unanswered {
            return Err(explain("writing to storage", &error));
        }
        match self.head(name).await {
            Ok(Some((tag, found))) if found.get(MARK) == Some(&mark) => Ok(Some(tag)),
            Ok(_) if refused => Ok(None),
            Ok(_) => Err(explain("writing to storage", &error)),
            // It may be ours: nobody may act as if it were somebody else's.
            Err(unknown) => Err(unknown),
        }
    }

    async fn upload(&self, name: &str, condition: If<'_>, bytes: &Bytes, shown: &Shown) -> azure_core::Result<String> {
        let (if_match, if_none_match) = match condition {
            If::Any => (None, None),
            If::Missing => (None, Some(Etag::from("*"))),
            If::Tag(tag) => (Some(Etag::from(tag.to_owned())), None),
        };
        let options = BlobClientUploadOptions {
            if_match,
            if_none_match,
            metadata: Some(shown.clone()),
            blob_content_type: Some("application/json".to_owned()),
            ..BlobClientUploadOptions::default()
        };
        let written = self.client.get().blob_client(name).upload(bytes.clone().into(), Some(options)).await?;
        Ok(written.etag.map(|tag| tag.as_ref().to_owned()).unwrap_or_default())
    }

    /// Removes it; `tag`: only if it still has this one. False when it is not there or has another.
    pub(super) async fn remove(&self, name: &str, tag: Option<&str>) -> Result<bool, StoreError> {
        let options =
            BlobClientDeleteOptions { if_match: tag.map(|tag| Etag::from(tag.to_owned())), ..BlobClientDeleteOptions::default() };
        match self.client.get().blob_client(name).delete(Some(options)).await {
            Ok(_) => Ok(true),
            Err(error) if said(&error, StatusCode::NotFound) || said(&error, StatusCode::PreconditionFailed) => Ok(false),
            Err(error) => Err(explain("removing from storage", &error)),
        }
    }

    /// Calls `each` with name and metadata of the blobs below `prefix`, in the order of their names, until it says false or `pages`
    /// are read. Answers whether all were seen.
    pub(super) async fn list(
        &self,
        prefix: &str,
        pages: usize,
        mut each: impl FnMut(&str, &Shown) -> bool + Send,
    ) -> Result<bool, StoreError> {
        let failed = |error| explain("listing what is in storage", &error);
        let options = BlobContainerClientListBlobsOptions {
            prefix: Some(prefix.to_owned()),
            maxresults: Some(PAGE),
            include: Some(vec![ListBlobsIncludeItem::Metadata]),
            ..BlobContainerClientListBlobsOptions::default()
        };
        let client = self.client.get();
        let mut listing = client.list_blobs(Some(options)).map_err(failed)?.into_pages();
        for _ in 0..pages {
            let page = match listing.try_next().await {
                Ok(Some(page)) => page.into_model().map_err(failed)?,
                Ok(None) => return Ok(true),
                Err(error) if said(&error, StatusCode::NotFound) => return Ok(true),
                Err(error) => return Err(failed(error)),
            };
            let more = page.next_marker.as_deref().is_some_and(|marker| !marker.is_empty());
            let none = Shown::new();
            for item in &page.blob_items {
                let Some(name) = item.name.as_deref() else { continue };
                let shown = item.metadata.as_ref().and_then(|metadata| metadata.values.as_ref()).unwrap_or(&none);
                if !each(name, shown) {
                    return Ok(false);
                }
            }
            if !more {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
