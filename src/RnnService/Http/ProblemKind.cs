namespace RnnService.Http;

/// <summary>One kind of error. The type is stable: clients may branch on it.</summary>
/// <param name="Type">For example <c>urn:rnnservice:problem:not_found</c>.</param>
/// <param name="Status">HTTP status it is answered with.</param>
/// <param name="Title">The same short sentence for every problem of the kind.</param>
internal sealed record ProblemKind(string Type, int Status, string Title)
{
    public static readonly ProblemKind Malformed = Of("malformed", 400, "The request could not be read.");
    public static readonly ProblemKind Unauthorized = Of("unauthorized", 401, "A valid API key is needed.");
    public static readonly ProblemKind Forbidden = Of("forbidden", 403, "This request is not allowed.");
    public static readonly ProblemKind NotFound = Of("not_found", 404, "There is no such thing here.");
    public static readonly ProblemKind MethodNotAllowed = Of("method_not_allowed", 405, "This address does not know that method.");
    public static readonly ProblemKind Conflict = Of("conflict", 409, "The present state does not allow this.");
    public static readonly ProblemKind IdempotencyInFlight = Of("idempotency_in_flight", 409, "The first request with this Idempotency-Key is still being answered.");
    public static readonly ProblemKind TooLarge = Of("too_large", 413, "The body is larger than allowed.");
    public static readonly ProblemKind UnsupportedMediaType = Of("unsupported_media_type", 415, "The body has a content type this address does not read.");
    public static readonly ProblemKind Invalid = Of("invalid", 422, "The request was understood but cannot be carried out.");
    public static readonly ProblemKind InvalidFile = Of("invalid_file", 422, "The file cannot be used.");
    public static readonly ProblemKind LimitExceeded = Of("limit_exceeded", 422, "The request asks for more than a limit allows.");
    public static readonly ProblemKind NotAvailable = Of("not_available", 422, "This version of the service cannot do that.");
    public static readonly ProblemKind IdempotencyMismatch = Of("idempotency_mismatch", 422, "This Idempotency-Key was used with another request.");
    public static readonly ProblemKind UpgradeRequired = Of("upgrade_required", 426, "This address speaks WebSocket only.");
    public static readonly ProblemKind RateLimited = Of("rate_limited", 429, "Too many requests.");
    public static readonly ProblemKind Internal = Of("internal", 500, "The service failed.");
    public static readonly ProblemKind Damaged = Of("damaged", 500, "Stored data is damaged.");
    public static readonly ProblemKind Busy = Of("busy", 503, "The service is busy.");
    public static readonly ProblemKind DatabaseAway = Of("database_away", 503, "The database does not answer.");
    public static readonly ProblemKind NotReady = Of("not_ready", 503, "The service is not ready.");
    public static readonly ProblemKind StorageFull = Of("storage_full", 507, "There is no room left to store anything.");

    /// <summary>The kind that a bare status stands for, when nothing more is known.</summary>
    public static ProblemKind OfStatus(int status) => status switch
    {
        401 => Unauthorized,
        403 => Forbidden,
        404 => NotFound,
        405 => MethodNotAllowed,
        409 => Conflict,
        413 => TooLarge,
        415 => UnsupportedMediaType,
        422 => Invalid,
        426 => UpgradeRequired,
        429 => RateLimited,
        503 => Busy,
        507 => StorageFull,
        >= 500 => Internal,
        _ => Malformed with { Status = status },
    };

    private static ProblemKind Of(string name, int status, string title) => new($"urn:rnnservice:problem:{name}", status, title);
}
