//! Making spans. The handle is passed in; inside a span it travels with the context, so that what is called there needs no other.
//! Times are those of the clock that is passed in.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use opentelemetry::trace::{
    FutureExt as _, Link, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
    TracerProvider,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::Instrument;

use super::TraceContext;
use crate::clock::{Chance, Clock};

/// Makes spans, or, where nobody collects them, only carries the context.
#[derive(Clone)]
pub struct Tracing(Arc<Inner>);

struct Inner {
    tracer: Option<SdkTracer>,
    clock: Arc<dyn Clock>,
    chance: Arc<Chance>,
}

/// What a span follows from.
#[derive(Debug, Clone, Copy)]
pub enum Parent<'a> {
    /// The span in which this is called; a new trace begins where there is none.
    Current,
    /// What somebody outside, or a message, said; nothing begins a new trace.
    Carried(Option<&'a TraceContext>),
    /// A message: its context is continued and, as the conventions for messaging want it, linked to as well.
    Message(Option<&'a TraceContext>),
}

/// A span that was started. It ends when it is dropped.
pub struct Started {
    context: Context,
    tracing: Tracing,
    log: tracing::Span,
}

impl Tracing {
    pub(super) fn new(provider: Option<&SdkTracerProvider>, clock: Arc<dyn Clock>, chance: Arc<Chance>) -> Self {
        let scope = InstrumentationScope::builder("azure-itsm-connector").with_version(env!("CARGO_PKG_VERSION")).build();
        let tracer = provider.map(|provider| provider.tracer_with_scope(scope));
        Self(Arc::new(Inner { tracer, clock, chance }))
    }

    /// Carries the context and makes no spans.
    #[must_use]
    pub fn off(clock: Arc<dyn Clock>, chance: Arc<Chance>) -> Self {
        Self::new(None, clock, chance)
    }

    /// The handle that made the span in which this is called.
    pub(crate) fn current() -> Option<Self> {
        Context::map_current(|context| context.get::<Self>().cloned())
    }

    /// Starts a span. `attributes` must be bounded and hold nothing of a payload.
    pub fn start(
        &self,
        kind: SpanKind,
        name: impl Into<Cow<'static, str>>,
        parent: Parent<'_>,
        attributes: impl IntoIterator<Item = KeyValue>,
    ) -> Started {
        let within = Context::current();
        let (above, links) = match parent {
            Parent::Current => (within.clone(), Vec::new()),
            Parent::Carried(carried) => (remote(carried), Vec::new()),
            Parent::Message(carried) => {
                (remote(carried), carried.map(|carried| Link::with_context(carried.span_context().clone())).into_iter().collect())
            }
        };
        let context = match &self.0.tracer {
            Some(tracer) => {
                let builder = SpanBuilder::from_name(name)
                    .with_kind(kind)
                    .with_start_time(self.0.clock.now())
                    .with_attributes(attributes)
                    .with_links(links);
                above.with_span(builder.start_with_context(tracer, &above))
            }
            // Who collects nothing has no place of his own in a trace.
            None if above.span().span_context().is_valid() => above,
            None => above.with_remote_span_context(self.anew()),
        };
        let context = context.with_value(self.clone());
        let id = |context: &Context| context.span().span_context().trace_id();
        // The lines of a span within another have the id already.
        let log = if within.has_active_span() && id(&within) == id(&context) {
            tracing::Span::none()
        } else {
            // An error span, so that no filter of the log loses the id.
            tracing::error_span!("trace", trace_id = %id(&context))
        };
        Started { context, tracing: self.clone(), log }
    }

    fn anew(&self) -> SpanContext {
        let ids = Ids(self.0.chance.clone());
        SpanContext::new(ids.trace(), ids.span(), TraceFlags::default(), false, TraceState::default())
    }
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracing").field("spans", &self.0.tracer.is_some()).finish_non_exhaustive()
    }
}

fn remote(carried: Option<&TraceContext>) -> Context {
    let context = Context::new();
    carried.map_or(context.clone(), |carried| context.with_remote_span_context(carried.span_context().clone()))
}

impl Started {
    /// Does `work` within the span: what is called there is below it, and the lines of the log have the trace's id.
    pub async fn within<T>(&self, work: impl Future<Output = T>) -> T {
        work.with_context(self.context.clone()).instrument(self.log.clone()).await
    }

    /// The place to carry on from.
    #[must_use]
    pub fn place(&self) -> Option<TraceContext> {
        TraceContext::of(self.context.span().span_context())
    }

    /// Says more; bounded, and nothing of a payload.
    pub fn set(&self, attribute: KeyValue) {
        self.context.span().set_attribute(attribute);
    }

    /// It went wrong, in one word of a closed set.
    pub fn failed(&self, error: impl Into<Cow<'static, str>>) {
        let error = match error.into() {
            Cow::Borrowed(word) => KeyValue::new("error.type", word),
            Cow::Owned(word) => KeyValue::new("error.type", word),
        };
        self.set(error);
        self.context.span().set_status(Status::error(""));
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.tracing.0.tracer.is_some() {
            self.context.span().end_with_timestamp(self.tracing.0.clock.now().into());
        }
    }
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Started").field(&self.place()).finish()
    }
}

/// For work that goes to a task of its own: it stays within the span in which this is called.
pub fn still_in_trace<F: Future>(work: F) -> impl Future<Output = F::Output> {
    work.with_current_context()
}

/// Identifiers of traces and spans by chance that is passed in.
#[derive(Debug)]
pub(super) struct Ids(pub(super) Arc<Chance>);

impl Ids {
    fn trace(&self) -> TraceId {
        TraceId::from(u128::from_be_bytes(self.0.bytes()).max(1))
    }

    fn span(&self) -> SpanId {
        SpanId::from(u64::from_be_bytes(self.0.bytes()).max(1))
    }
}

impl opentelemetry_sdk::trace::IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        self.trace()
    }

    fn new_span_id(&self) -> SpanId {
        self.span()
    }
}
