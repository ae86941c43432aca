namespace RnnService.Storage;

/// <summary>The stored answer to a creating POST that carried an <c>Idempotency-Key</c>.</summary>
internal sealed class IdempotencyRow
{
    /// <summary>Who sent it and where to: the API key's fingerprint, the method and the path.</summary>
    public required string Scope { get; set; }

    /// <summary>The client's key.</summary>
    public required string Key { get; set; }

    /// <summary>SHA-256 of the request's body; empty while an upload is still being read.</summary>
    public required string RequestHash { get; set; }

    /// <summary>Status of the answer; null while the first request is in flight.</summary>
    public int? Status { get; set; }

    /// <summary>Content type of the answer.</summary>
    public string? ContentType { get; set; }

    /// <summary>Location header of the answer.</summary>
    public string? Location { get; set; }

    /// <summary>The answer as it was sent.</summary>
    public byte[]? Body { get; set; }

    /// <summary>When the first request came, or was last seen in flight (UTC); the answer is kept 24 hours.</summary>
    public DateTime CreatedAt { get; set; }
}
