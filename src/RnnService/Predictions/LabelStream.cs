using System.Buffers;
using System.Net.WebSockets;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Rnn.Models;
using RnnService.Http;
using RnnService.Registry;

namespace RnnService.Predictions;

/// <summary>One sequence labelled over one WebSocket: a message in, an answer out. State and buffers live and end with it.</summary>
internal sealed class LabelStream(WebSocket socket, ResolvedModel version, TrainedModel model, StateTokens tokens, Limits limits) : IDisposable
{
    private const int FirstBytes = 1024;

    // As for event streams: who reads at all is faster.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly StepLabeler _labeler = new(model);
    private readonly List<float> _frame = [];
    private readonly ArrayBufferWriter<byte> _answer = new();
    private readonly Utf8JsonWriter _json = new(Stream.Null, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    private readonly CancellationTokenSource _late = new();
    private byte[] _message = new byte[Math.Min(FirstBytes, limits.SocketMessageBytes)];
    private int _length;
    private bool _isText;
    private bool _isTooLong;
    private long _step;

    /// <summary>Answers until the client closes, leaves, falls silent or does not take its answers, or the process stops.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (await ReceiveAsync(stopping))
            {
                Answer();
                _late.CancelAfter(Patience);
                await socket.SendAsync(_answer.WrittenMemory, WebSocketMessageType.Text, endOfMessage: true, _late.Token);
                _late.CancelAfter(Timeout.InfiniteTimeSpan);
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException)
        {
            // The client left without a word, or does not read.
            socket.Abort();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _json.Dispose();
        _late.Dispose();
    }

    /// <summary>One whole message; false when the stream has ended.</summary>
    private async ValueTask<bool> ReceiveAsync(CancellationToken stopping)
    {
        (_length, _isTooLong) = (0, false);
        while (true)
        {
            if (_length == _message.Length) MakeRoom();
            if (await PartAsync(stopping) is not { } part) return false;
            if (part.MessageType == WebSocketMessageType.Close)
            {
                _late.CancelAfter(Patience);
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, _late.Token);
                return false;
            }

            _length += part.Count;
            _isText = part.MessageType == WebSocketMessageType.Text;
            if (part.EndOfMessage) return true;
        }
    }

    /// <summary>The next part of a message; null when the silence or the process ended first, and the client was told.</summary>
    private async ValueTask<ValueWebSocketReceiveResult?> PartAsync(CancellationToken stopping)
    {
        // Not cancelled, only no longer waited for: cancelling would tear the connection down before the client is told.
        var receiving = socket.ReceiveAsync(_message.AsMemory(_length), CancellationToken.None);
        // A timer counts to 49 days.
        var silence = TimeSpan.FromSeconds(Math.Min(limits.SocketIdleSeconds, 4_000_000));
        try
        {
            stopping.ThrowIfCancellationRequested();
            return receiving.IsCompleted ? await receiving : await receiving.AsTask().WaitAsync(silence, stopping);
        }
        catch (TimeoutException)
        {
            _late.CancelAfter(Patience);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, $"Nothing came for {limits.SocketIdleSeconds} seconds.", _late.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            _late.CancelAfter(Patience);
            await socket.CloseAsync(WebSocketCloseStatus.EndpointUnavailable, "The service stops.", _late.Token);
        }

        return null;
    }

    /// <summary>A larger buffer; where the limit is reached, what was received of the message is given up.</summary>
    private void MakeRoom()
    {
        if (_message.Length < limits.SocketMessageBytes) Array.Resize(ref _message, Math.Min(2 * _message.Length, limits.SocketMessageBytes));
        else (_length, _isTooLong) = (0, true);
    }

    private void Answer()
    {
        _answer.ResetWrittenCount();
        _json.Reset(_answer);
        _json.WriteStartObject();
        var error = _isTooLong ? InputError.Invalid("", $"The message is longer than {limits.SocketMessageBytes} bytes.", "Send one step a message, or raise the setting RnnService:Limits:SocketMessageBytes.")
            : !_isText ? InputError.Malformed("", "The message is binary.", LabelMessage.Usage)
            : LabelMessage.Read(_message.AsSpan(0, _length), _frame, out var unreadable) is { } message ? Obey(message) : unreadable;
        if (error is not null) Write(error);
        _json.WriteEndObject();
        _json.Flush();
    }

    /// <summary>Takes the step and writes its label; writes nothing where the message does not fit the model.</summary>
    private InputError? Obey(LabelMessage message)
    {
        if (message.State is not null || message.AsksState) return AnswerState(message.State);
        ReadOnlySpan<float> probabilities;
        try
        {
            probabilities = message.Token is { } token ? _labeler.Next(token) : _labeler.Next(CollectionsMarshal.AsSpan(_frame));
        }
        catch (ArgumentException wrong)
        {
            return InputError.Invalid(message.Token is null ? "/frame" : "/token", InputError.SentenceOf(wrong), "Send steps of the kind the model was trained on.");
        }

        var best = TensorPrimitives.IndexOfMax(probabilities);
        _json.WriteNumber("step"u8, ++_step);
        _json.WriteString("label"u8, model.Codec.Labels[best]);
        _json.WriteNumber("score"u8, probabilities[best]);
        return null;
    }

    private InputError? AnswerState(string? from)
    {
        if (from is not null)
        {
            if (tokens.Unprotect(LabelEndpoints.StateKind, version, from) is not { } state) return LabelEndpoints.Foreign("/state", version);
            _labeler.GoOnFrom(state.Values);
        }

        _json.WriteString("state"u8, tokens.Protect(LabelEndpoints.StateKind, version, _labeler.State));
        return null;
    }

    private void Write(InputError error)
    {
        _json.WriteStartObject("error"u8);
        _json.WriteString("type"u8, (error.IsMalformed ? ProblemKind.Malformed : ProblemKind.Invalid).Type);
        _json.WriteString("detail"u8, error.Detail);
        _json.WriteString("hint"u8, error.Hint);
        if (error.Pointer.Length > 0) _json.WriteString("pointer"u8, error.Pointer);
        _json.WriteEndObject();
    }
}
