using System.Globalization;
using System.Text;

namespace RnnService.Http;

/// <summary>
/// Writes server-sent events (WHATWG HTML, section 9.2). By hand and not with <c>TypedResults.ServerSentEvents</c>, which writes no comments
/// and waits for a slow client without end.
/// </summary>
/// <param name="body">Where to.</param>
/// <param name="patience">How long one write may take.</param>
internal sealed class EventStream(Stream body, TimeSpan patience)
{
    /// <summary>The media type of event streams.</summary>
    public const string MediaType = "text/event-stream";

    /// <summary>A line that clients skip: it keeps proxies from closing a silent connection.</summary>
    public const string Comment = ":\n\n";

    /// <summary>One event.</summary>
    /// <param name="id">What a client that comes back sends as <c>Last-Event-ID</c>.</param>
    /// <param name="kind">Its type.</param>
    /// <param name="json">Its data on one line.</param>
    public static string Event(long id, string kind, string json) => string.Create(CultureInfo.InvariantCulture, $"id: {id}\nevent: {kind}\ndata: {json}\n\n");

    /// <summary>Sends events or comments at once.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled, or the client did not take it in time.</exception>
    public async Task SendAsync(string text, CancellationToken cancellationToken)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(patience);
        await body.WriteAsync(Encoding.UTF8.GetBytes(text), late.Token);
        await body.FlushAsync(late.Token);
    }
}
