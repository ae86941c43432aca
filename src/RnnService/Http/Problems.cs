namespace RnnService.Http;

/// <summary>The problems endpoints answer with. Every one says in its hint what to send instead.</summary>
internal static class Problems
{
    /// <summary>400: not readable.</summary>
    public static ProblemResult Malformed(string detail, string hint, params ProblemError[] errors) =>
        new(ProblemKind.Malformed, detail, hint, NullIfEmpty(errors));

    /// <summary>404: for example <c>NotFound("dataset", "reviews", "GET /api/v1/datasets lists them.")</c>.</summary>
    public static ProblemResult NotFound(string what, string name, string hint) =>
        new(ProblemKind.NotFound, $"There is no {what} '{name}'.", hint);

    /// <summary>409: the present state does not allow it.</summary>
    public static ProblemResult Conflict(string detail, string hint) => new(ProblemKind.Conflict, detail, hint);

    /// <summary>413: larger than the limit that <paramref name="setting"/> sets.</summary>
    public static ProblemResult TooLarge(string what, long limitBytes, string setting) => new(
        ProblemKind.TooLarge, $"{what} is larger than {limitBytes:N0} bytes.", $"Send less, or raise the setting {setting}.");

    /// <summary>422: understood, but out of range or at odds with something else.</summary>
    public static ProblemResult Invalid(string detail, string hint, params ProblemError[] errors) =>
        new(ProblemKind.Invalid, detail, hint, NullIfEmpty(errors));

    /// <summary>422: one field is invalid.</summary>
    public static ProblemResult InvalidField(string pointer, string detail, string hint) =>
        Invalid(detail, hint, ProblemError.At(pointer, detail));

    /// <summary>422: the lines of a file that cannot be used.</summary>
    public static ProblemResult InvalidFile(string detail, string hint, IReadOnlyList<ProblemError> errors) =>
        new(ProblemKind.InvalidFile, detail, hint, errors.Count == 0 ? null : errors);

    /// <summary>422: more than a limit allows.</summary>
    public static ProblemResult LimitExceeded(string pointer, string detail, string setting) => new(
        ProblemKind.LimitExceeded, detail, $"Send less, or raise the setting {setting}.", [ProblemError.At(pointer, detail)]);

    /// <summary>422: in the contract, but not in this version.</summary>
    public static ProblemResult NotAvailable(string pointer, string detail, string hint) =>
        new(ProblemKind.NotAvailable, detail, hint, [ProblemError.At(pointer, detail)]);

    /// <summary>429: too many of something; try again later.</summary>
    public static ProblemResult RateLimited(string detail, string hint, TimeSpan retryAfter) =>
        new(ProblemKind.RateLimited, detail, hint, RetryAfter: retryAfter);

    /// <summary>500: our fault.</summary>
    public static ProblemResult Internal() =>
        new(ProblemKind.Internal, "An unexpected error happened; the service's log has it under this trace_id.", "Try again; if it stays, report the trace_id.");

    /// <summary>503: no room at the moment; try again later.</summary>
    public static ProblemResult Busy(string detail, string hint, TimeSpan retryAfter) =>
        new(ProblemKind.Busy, detail, hint, RetryAfter: retryAfter);

    private static ProblemError[]? NullIfEmpty(ProblemError[] errors) => errors.Length == 0 ? null : errors;
}
