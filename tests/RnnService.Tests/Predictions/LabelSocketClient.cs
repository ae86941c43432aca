using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace RnnService.Tests.Predictions;

/// <summary>A client of a label stream.</summary>
internal sealed class LabelSocketClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly byte[] _buffer = new byte[1 << 16];

    private LabelSocketClient()
    {
    }

    /// <summary>The socket itself.</summary>
    public ClientWebSocket Socket { get; } = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Connects to a running service.</summary>
    public static Task<LabelSocketClient> ConnectAsync(RunningService service, string model) => ConnectAsync(service.Client.BaseAddress!, model, null);

    /// <summary>Connects, with a header if one is given.</summary>
    public static async Task<LabelSocketClient> ConnectAsync(Uri service, string model, (string Name, string Value)? header)
    {
        var client = new LabelSocketClient();
        if (header is { } given) client.Socket.Options.SetRequestHeader(given.Name, given.Value);
        await client.Socket.ConnectAsync(new UriBuilder(service) { Scheme = "ws", Path = $"/api/v1/models/{model}/label/stream" }.Uri, Cancellation).WaitAsync(Patience, Cancellation);
        return client;
    }

    /// <summary>The answer to a message.</summary>
    public Task<JsonElement> AskAsync(object message) => AskAsync(JsonSerializer.SerializeToUtf8Bytes(message));

    /// <inheritdoc cref="AskAsync(object)"/>
    public Task<JsonElement> AskAsync(string message) => AskAsync(Encoding.UTF8.GetBytes(message));

    /// <summary>Sends.</summary>
    public Task SendAsync(byte[] message, WebSocketMessageType type = WebSocketMessageType.Text, bool isEnd = true) =>
        Socket.SendAsync(message, type, isEnd, Cancellation).WaitAsync(Patience, Cancellation);

    /// <summary>The next answer.</summary>
    public async Task<JsonElement> ReceiveAsync()
    {
        var length = 0;
        while (true)
        {
            var part = await Socket.ReceiveAsync(new ArraySegment<byte>(_buffer, length, _buffer.Length - length), Cancellation).WaitAsync(Patience, Cancellation);
            Assert.Equal(WebSocketMessageType.Text, part.MessageType);
            length += part.Count;
            if (part.EndOfMessage) return JsonSerializer.Deserialize<JsonElement>(_buffer.AsSpan(0, length));
        }
    }

    /// <summary>Waits for the service to close, and says goodbye too.</summary>
    public async Task<WebSocketCloseStatus?> ClosedAsync()
    {
        var part = await Socket.ReceiveAsync(new ArraySegment<byte>(_buffer), Cancellation).WaitAsync(Patience, Cancellation);
        Assert.Equal(WebSocketMessageType.Close, part.MessageType);
        await Socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancellation).WaitAsync(Patience, Cancellation);
        return part.CloseStatus;
    }

    /// <summary>What an answer to a step says, and that it is this step's.</summary>
    public static (string Label, double Score) Step(JsonElement answer, int step)
    {
        Assert.True(answer.TryGetProperty("step", out var counted), answer.ToString());
        Assert.Equal(step, counted.GetInt32());
        return (answer.Text("label"), answer.GetProperty("score").GetDouble());
    }

    /// <inheritdoc/>
    public void Dispose() => Socket.Dispose();

    private async Task<JsonElement> AskAsync(byte[] message)
    {
        await SendAsync(message);
        return await ReceiveAsync();
    }
}
