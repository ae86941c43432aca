using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;

namespace RnnService.Http;

/// <summary>Marks an operation that takes an <c>Idempotency-Key</c>.</summary>
internal sealed record IdempotentMetadata;

/// <summary>Gives creating POSTs with a JSON body, or none, their <c>Idempotency-Key</c>. Uploads do it themselves, as they hash while they stream.</summary>
internal sealed class IdempotencyFilter(IdempotencyKeys keys, IOptions<JsonOptions> json) : IEndpointFilter
{
    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var ticket = await keys.BeginAsync(http, http.RequestAborted);
        if (ticket is null)
            return await next(context);
        var hash = HashOf(context);
        if (ticket.IsAnswered)
            return ticket.Replay(hash);
        ticket.RequestHash = hash;
        try
        {
            if (await next(context) is not IResult result)
                throw new InvalidOperationException($"{http.GetEndpoint()?.DisplayName} must answer with an IResult to take an Idempotency-Key.");
            await ticket.EndAsync(http, result);
            return result;
        }
        catch
        {
            await ticket.ReleaseAsync();
            throw;
        }
    }

    /// <summary>Of the body as it was understood, so that white space does not count, and of the query.</summary>
    private string HashOf(EndpointFilterInvocationContext context)
    {
        var http = context.HttpContext;
        var type = http.GetEndpoint()?.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType;
        var body = type is null ? null : context.Arguments.FirstOrDefault(type.IsInstanceOfType);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(http.Request.QueryString.ToString()));
        if (body is not null)
            hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(body, body.GetType(), json.Value.SerializerOptions));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
