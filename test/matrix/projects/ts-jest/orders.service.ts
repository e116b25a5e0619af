import { Inject, Injectable } from "@nestjs/common";
import type { Cluster } from "ioredis";

@Injectable()
export class OrdersService {
  constructor(@Inject("REDIS") private readonly redis: Cluster) {}

  async pay(id: number): Promise<void> {
    await this.redis.set(`order:${id}`, "paid");
  }

  async state(id: number): Promise<string | null> {
    return await this.redis.get(`order:${id}`);
  }
}
